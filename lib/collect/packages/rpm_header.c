#include "collect/packages/rpm_header.h"

#include <stdio.h>
#include <string.h>

#include "base/digest.h"
#include "collect/packages/bom.h"
#include "collect/packages/ecosystem.h"

#define ENTRY_LEN 16
#define ENTRIES_MAX (1u << 16)

enum {
	SIGMD5 = 261, /* of header and payload: the package file's own */
	NAME = 1000,
	VERSION = 1001,
	RELEASE = 1002,
	EPOCH = 1003,
	VENDOR = 1011,
	LICENSE = 1014,
	ARCH = 1022,
	SOURCERPM = 1044,
	MODULARITYLABEL = 5096,
};

/* Types of values. */
enum {
	INT32 = 4,
	STRING = 6,
	BIN = 7,
	I18NSTRING = 9,
};

static uint32_t
be32(const unsigned char *at)
{
	return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 |
	       (uint32_t)at[2] << 8 | at[3];
}

bool
firn_rpm_header(const unsigned char *blob, size_t len,
		struct firn_rpm_header *ret)
{
	uint32_t n, size;

	if (len < 8)
		return false;
	n = be32(blob);
	size = be32(blob + 4);
	if (n == 0 || n > ENTRIES_MAX || (len - 8) / ENTRY_LEN < n ||
	    len - 8 - (size_t)n * ENTRY_LEN < size)
		return false;
	*ret = (struct firn_rpm_header){
		.index = blob + 8,
		.data = blob + 8 + (size_t)n * ENTRY_LEN,
		.n = n,
		.size = size,
	};
	return true;
}

/* The bytes of a tag's value, at least `least` of them; NULL for none. */
static const unsigned char *
value_of(const struct firn_rpm_header *header, uint32_t tag, uint32_t type,
	 uint32_t least, uint32_t *ret_room)
{
	for (uint32_t i = 0; i < header->n; i++) {
		const unsigned char *entry =
			header->index + (size_t)i * ENTRY_LEN;
		uint32_t offset = be32(entry + 8);

		if (be32(entry) != tag)
			continue;
		if (be32(entry + 4) != type || offset >= header->size ||
		    header->size - offset < least)
			return NULL;
		*ret_room = header->size - offset;
		return header->data + offset;
	}
	return NULL;
}

/* "" for none, and for one that doesn't end. */
static const char *
text_of(const struct firn_rpm_header *header, uint32_t tag)
{
	uint32_t room;
	const unsigned char *at = value_of(header, tag, STRING, 1, &room);

	if (at == NULL)
		at = value_of(header, tag, I18NSTRING, 1, &room);
	if (at == NULL || memchr(at, '\0', room) == NULL)
		return "";
	return (const char *)at;
}

/* "bash-5.1.8-6.el9.src.rpm" in place. */
static void
take_source(struct firn_rpm_header *header, struct firn_package *ret)
{
	char *text = header->source, *dash;
	size_t len;

	snprintf(header->source, sizeof(header->source), "%s", ret->upstream);
	len = strlen(text);
	if (firn_ends_with(text, ".src.rpm"))
		text[len - 8] = '\0';
	else if (firn_ends_with(text, ".nosrc.rpm"))
		text[len - 10] = '\0';
	else
		return;
	dash = strrchr(text, '-');
	if (dash == NULL)
		return;
	*dash = '\0';
	ret->source_release = dash + 1;
	dash = strrchr(text, '-');
	if (dash == NULL)
		return;
	*dash = '\0';
	ret->source_version = dash + 1;
	ret->source = text;
	ret->source_epoch = ret->epoch;
}

void
firn_rpm_package(struct firn_rpm_header *header, struct firn_package *ret)
{
	uint32_t room;
	const unsigned char *epoch = value_of(header, EPOCH, INT32, 4, &room);
	const unsigned char *hash = value_of(header, SIGMD5, BIN, 16, &room);

	ret->name = text_of(header, NAME);
	ret->arch = text_of(header, ARCH);
	ret->license = text_of(header, LICENSE);
	ret->supplier = text_of(header, VENDOR);
	ret->module = text_of(header, MODULARITYLABEL);
	ret->upstream = text_of(header, SOURCERPM);
	snprintf(header->version, sizeof(header->version), "%s-%s",
		 text_of(header, VERSION), text_of(header, RELEASE));
	ret->version = header->version;
	if (epoch != NULL && be32(epoch) != 0) {
		snprintf(header->epoch, sizeof(header->epoch), "%u",
			 be32(epoch));
		ret->epoch = header->epoch;
	}
	if (hash != NULL) {
		firn_hex(hash, 16, header->hash);
		ret->hash_alg = "MD5";
		ret->hash = header->hash;
	}
	take_source(header, ret);
}
