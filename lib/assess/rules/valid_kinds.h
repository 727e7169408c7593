#ifndef ASSESS_VALID_KINDS_H
#define ASSESS_VALID_KINDS_H

/*
 * valid_kinds -- the functions of valid.c's table.
 *
 * A value whose kind has no checksum in this form of it (an older one, a longer
 * one) holds.
 */

#include <stdbool.h>
#include <stddef.h>

typedef bool firn_valid_kind(const char *value, size_t len);

/* Tokens. */
firn_valid_kind firn_valid_crc62, firn_valid_gitlab, firn_valid_aws_key_id,
	firn_valid_jwt, firn_valid_kubernetes, firn_valid_kubernetes_legacy,
	firn_valid_discord, firn_valid_pypi, firn_valid_basic,
	firn_valid_base64_32, firn_valid_base64_64;

/* Objects. */
firn_valid_kind firn_valid_service_account, firn_valid_terraform_state;

/* Keys. */
firn_valid_kind firn_valid_pem, firn_valid_pem64, firn_valid_pkcs12,
	firn_valid_jks, firn_valid_keytab;

/* Wallets, and what has their checksums. */
firn_valid_kind firn_valid_base58, firn_valid_bech32, firn_valid_crc16;

#endif
