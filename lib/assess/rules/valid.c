#include "assess/rules/valid.h"

#include <string.h>

#include "assess/rules/valid_kinds.h"

static const struct firn_valid table[] = {
	{ "aws-key-id", firn_valid_aws_key_id },
	{ "base58-check", firn_valid_base58 },
	{ "base64-32", firn_valid_base64_32 },
	{ "base64-64", firn_valid_base64_64 },
	{ "basic-auth", firn_valid_basic },
	{ "bech32", firn_valid_bech32 },
	{ "crc16-base32", firn_valid_crc16 },
	{ "crc32-base62", firn_valid_crc62 },
	{ "discord", firn_valid_discord },
	{ "gitlab", firn_valid_gitlab },
	{ "jks", firn_valid_jks },
	{ "jwt", firn_valid_jwt },
	{ "keytab", firn_valid_keytab },
	{ "kubernetes-token", firn_valid_kubernetes },
	{ "kubernetes-legacy-token", firn_valid_kubernetes_legacy },
	{ "pem", firn_valid_pem },
	{ "pem-base64", firn_valid_pem64 },
	{ "pkcs12", firn_valid_pkcs12 },
	{ "pypi", firn_valid_pypi },
	{ "service-account", firn_valid_service_account },
	{ "terraform-state", firn_valid_terraform_state },
	{ 0 },
};

const struct firn_valid *
firn_valid_named(const char *name)
{
	for (const struct firn_valid *one = table; one->name != NULL; one++) {
		if (strcmp(one->name, name) == 0)
			return one;
	}
	return NULL;
}
