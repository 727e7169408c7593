#include <string.h>

#include <openssl/evp.h>

#include "base/auto.h"
#include "base/digest.h"
#include "collect/packages/ecosystem.h"

/*
 * apk -- Alpine's and Wolfi's database.
 *
 * Source: apk-tools, doc/apk-package.5 and the "installed" file: one letter, a
 * colon and the value on each line, an empty line after each package.
 */

#define INSTALLED_MAX (32u << 20)

static bool
takes(const struct firn_tree_entry *entry)
{
	return strcmp(entry->path, "lib/apk/db/installed") == 0 ||
	       strcmp(entry->path, "usr/lib/apk/db/installed") == 0;
}

/* "Q1" and the base64 of a SHA-1, of the package's control data. */
static bool
take_hash(const char *text, char ret[41])
{
	unsigned char digest[24];

	if (strncmp(text, "Q1", 2) != 0 || strlen(text) != 2 + 28 ||
	    text[29] != '=' ||
	    EVP_DecodeBlock(digest, (const unsigned char *)text + 2, 28) != 21)
		return false;
	firn_hex(digest, 20, ret);
	return true;
}

static void
take_line(struct firn_package *package, const char **hash, const char *line)
{
	const char *value = line + 2;

	if (line[1] != ':')
		return;
	switch (line[0]) {
	case 'P':
		package->name = value;
		break;
	case 'V':
		package->version = value;
		break;
	case 'A':
		package->arch = value;
		break;
	case 'L':
		package->license = value;
		break;
	case 'm':
		package->supplier = value;
		break;
	case 'o':
		package->source = value;
		break;
	case 'C':
		*hash = value;
		break;
	default:
		break;
	}
}

static int
add(struct firn_reading *reading, struct firn_package *package,
    const char *hash, struct firn_err *err)
{
	char hex[41];

	if (package->name == NULL || package->name[0] == '\0')
		return 0;
	if (package->source == NULL || package->source[0] == '\0')
		package->source = package->name;
	else if (strcmp(package->source, package->name) != 0)
		package->upstream = package->source;
	package->source_version = package->version;
	if (hash != NULL && take_hash(hash, hex)) {
		package->hash_alg = "SHA-1";
		package->hash = hex;
	}
	return firn_bom_add(reading->bom, package, err);
}

static int
read_installed(struct firn_reading *reading,
	       const struct firn_tree_entry *entry, struct firn_err *err)
{
	const struct firn_package none = { .type = "apk",
					   .place = entry->path };
	struct firn_package package = none;
	autofree char *text = NULL;
	const char *hash = NULL;
	char *rest, *line;
	size_t len;

	if (!firn_reading_text(reading, entry, INSTALLED_MAX, &text, &len))
		return 0;
	rest = text;
	while ((line = strsep(&rest, "\n")) != NULL) {
		if (line[0] != '\0') {
			take_line(&package, &hash, line);
			continue;
		}
		if (add(reading, &package, hash, err) < 0)
			return -1;
		package = none;
		hash = NULL;
	}
	return add(reading, &package, hash, err);
}

const struct firn_ecosystem firn_ecosystem_apk = {
	.takes = takes,
	.read = read_installed,
};
