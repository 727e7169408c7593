#include "host/netlink_json.h"

#include <arpa/inet.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include <libmnl/libmnl.h>

#include "base/json.h"

/* Tables may name themselves; the kernel's own limit is similar. */
#define DEPTH_MAX 12

static void set_all(json_t *object, const void *attributes, size_t len,
		    const struct firn_attribute *table, int depth);

const struct nlattr *
firn_netlink_attr(const void *attributes, size_t len,
		  const struct nlattr *before)
{
	const char *start = attributes;
	const struct nlattr *attr =
		before == NULL ? attributes : mnl_attr_next(before);
	ptrdiff_t at = (const char *)attr - start;

	if (at < 0 || (size_t)at >= len || len - (size_t)at > INT_MAX)
		return NULL;
	return mnl_attr_ok(attr, (int)(len - (size_t)at)) ? attr : NULL;
}

static const struct firn_attribute *
find(const struct firn_attribute *table, uint16_t type)
{
	for (; table->name != NULL; table++) {
		if (table->type == type)
			return table;
	}
	return NULL;
}

void
firn_address_json(json_t *object, const char *key, const void *bytes,
		  size_t len)
{
	char text[INET6_ADDRSTRLEN];

	if (len != 4 && len != 16) {
		firn_json_hex(object, key, bytes, len);
		return;
	}
	if (inet_ntop(len == 4 ? AF_INET : AF_INET6, bytes, text,
		      sizeof(text)) != NULL)
		firn_json_text(object, key, text);
}

static void
set_hardware(json_t *object, const char *key, const unsigned char *bytes,
	     size_t len)
{
	char text[3 * 32 + 1] = "";

	if (len > 32) {
		firn_json_hex(object, key, bytes, len);
		return;
	}
	for (size_t i = 0; i < len; i++)
		snprintf(text + 3 * i - (i > 0), 4, i > 0 ? ":%02x" : "%02x",
			 bytes[i]);
	firn_json_text(object, key, text);
}

/* A number of 1, 2, 4 or 8 bytes; false for another length. */
static bool
number(const unsigned char *bytes, size_t len, bool big, uint64_t *ret)
{
	uint64_t value = 0;

	if (len != 1 && len != 2 && len != 4 && len != 8)
		return false;
#if __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
	big = true;
#endif
	for (size_t i = 0; i < len; i++)
		value = value << 8 | bytes[big ? i : len - 1 - i];
	*ret = value;
	return true;
}

static void
set_number(json_t *object, const struct firn_attribute *known,
	   const void *bytes, size_t len)
{
	uint64_t value;

	if (!number(bytes, len, known->kind == FIRN_ATTR_BIG, &value))
		firn_json_hex(object, known->name, bytes, len);
	else if (known->kind == FIRN_ATTR_INT && len == 4)
		json_object_set_new(object, known->name,
				    json_integer((int32_t)value));
	else
		firn_json_uint(object, known->name, value);
}

static void
set_text(json_t *object, const char *key, const char *bytes, size_t len)
{
	firn_json_bytes(object, key, bytes, strnlen(bytes, len));
}

static void
set_list(json_t *object, const struct firn_attribute *known, const void *bytes,
	 size_t len, int depth)
{
	json_t *list = json_array();
	const struct nlattr *attr = NULL;

	while ((attr = firn_netlink_attr(bytes, len, attr)) != NULL) {
		json_t *element = json_object();

		set_all(element, mnl_attr_get_payload(attr),
			mnl_attr_get_payload_len(attr), known->nested, depth);
		json_array_append_new(list, element);
	}
	json_object_set_new(object, known->name, list);
}

static void
set_nested(json_t *object, const struct firn_attribute *known,
	   const void *bytes, size_t len, int depth)
{
	json_t *inner = json_object();

	set_all(inner, bytes, len, known->nested, depth);
	json_object_set_new(object, known->name, inner);
}

static void
set_one(json_t *object, const struct firn_attribute *known, const void *bytes,
	size_t len, int depth)
{
	switch (known->kind) {
	case FIRN_ATTR_UINT:
	case FIRN_ATTR_INT:
	case FIRN_ATTR_BIG:
		set_number(object, known, bytes, len);
		break;
	case FIRN_ATTR_TEXT:
		set_text(object, known->name, bytes, len);
		break;
	case FIRN_ATTR_ADDRESS:
		firn_address_json(object, known->name, bytes, len);
		break;
	case FIRN_ATTR_HARDWARE:
		set_hardware(object, known->name, bytes, len);
		break;
	case FIRN_ATTR_FLAG:
		json_object_set_new(object, known->name, json_true());
		break;
	case FIRN_ATTR_NESTED:
		set_nested(object, known, bytes, len, depth);
		break;
	case FIRN_ATTR_LIST:
		set_list(object, known, bytes, len, depth);
		break;
	case FIRN_ATTR_HEX:
	default:
		firn_json_hex(object, known->name, bytes, len);
		break;
	}
}

static void
set_all(json_t *object, const void *attributes, size_t len,
	const struct firn_attribute *table, int depth)
{
	const struct nlattr *attr = NULL;
	char name[32];

	while ((attr = firn_netlink_attr(attributes, len, attr)) != NULL) {
		struct firn_attribute unknown = { .name = name };
		const struct firn_attribute *known =
			find(table, mnl_attr_get_type(attr));

		if (known == NULL || depth >= DEPTH_MAX) {
			snprintf(name, sizeof(name), "attribute_%u",
				 mnl_attr_get_type(attr));
			known = &unknown;
		}
		set_one(object, known, mnl_attr_get_payload(attr),
			mnl_attr_get_payload_len(attr), depth + 1);
	}
}

void
firn_netlink_json(json_t *object, const void *attributes, size_t len,
		  const struct firn_attribute *table)
{
	set_all(object, attributes, len, table, 0);
}
