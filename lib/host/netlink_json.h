#ifndef HOST_NETLINK_JSON_H
#define HOST_NETLINK_JSON_H

/*
 * netlink_json -- netlink attributes as JSON, by tables of their names.
 *
 * Nothing is dropped: an attribute that a table doesn't name stands under
 * "attribute_N", in hexadecimal, and so does one whose size is not what its
 * kind says.
 */

#include <stddef.h>
#include <stdint.h>

#include <jansson.h>
#include <linux/netlink.h>

enum firn_attribute_kind {
	FIRN_ATTR_HEX,
	FIRN_ATTR_UINT,     /* of 1, 2, 4 or 8 bytes, in the host's order */
	FIRN_ATTR_INT,      /* of 4 bytes, signed */
	FIRN_ATTR_BIG,      /* a number in network order */
	FIRN_ATTR_TEXT,     /* up to a NUL; the suspect may have chosen it */
	FIRN_ATTR_ADDRESS,  /* IPv4 or IPv6, by its length */
	FIRN_ATTR_HARDWARE, /* "02:42:ac:11:00:02" */
	FIRN_ATTR_FLAG,     /* that it's there is all that it says */
	FIRN_ATTR_NESTED,   /* an object of attributes */
	FIRN_ATTR_LIST,     /* an array of such */
};

struct firn_attribute {
	uint16_t type;
	enum firn_attribute_kind kind;
	const char *name;
	const struct firn_attribute *nested; /* for NESTED and LIST; ends with
					      * a NULL name */
};

/* firn_netlink_json(object, attributes, len, table) -- set what `len` bytes of
 * attributes say.  The table ends with a NULL name. */
void firn_netlink_json(json_t *object, const void *attributes, size_t len,
		       const struct firn_attribute *table);

/* firn_netlink_attr(attributes, len, before) -- the attribute behind `before`,
 * the first for NULL; NULL when there is no more, or what follows is none. */
const struct nlattr *firn_netlink_attr(const void *attributes, size_t len,
				       const struct nlattr *before);

/* firn_address_json(object, key, bytes, len) -- an address of 4 or 16 bytes in
 * network order. */
void firn_address_json(json_t *object, const char *key, const void *bytes,
		       size_t len);

#endif
