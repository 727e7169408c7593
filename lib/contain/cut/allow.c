#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/io.h"
#include "contain/cut/allow.h"

/* "2001:0db8:...:0001/128" and the rest of the longest one. */
#define LONGEST 96

static int
refuse(const char *text, const char *why, struct firn_err *err)
{
	return firn_err_set(err, EINVAL, "\"%s\" is not CIDR[:PORT]: %s", text,
			    why);
}

/* Cut the port off the end and leave the network in `network`. */
static int
split(char *text, char **network, char **port)
{
	char *colon = strchr(text, ':'), *close;

	*network = text;
	*port = NULL;
	if (text[0] == '[') {
		close = strchr(text, ']');
		if (close == NULL)
			return -1;
		*close = '\0';
		*network = text + 1;
		if (close[1] == '\0')
			return 0;
		if (close[1] != ':')
			return -1;
		*port = close + 2;
		return 0;
	}
	/* One colon is IPv4's port; more are an IPv6 address. */
	if (colon != NULL && strchr(colon + 1, ':') == NULL) {
		*colon = '\0';
		*port = colon + 1;
	}
	return 0;
}

static void
clear_beyond(unsigned char *address, size_t size, unsigned prefix)
{
	for (size_t i = 0; i < size; i++) {
		if (prefix >= 8) {
			prefix -= 8;
			continue;
		}
		address[i] &= (unsigned char)(0xff00u >> prefix);
		prefix = 0;
	}
}

static bool
is_mapped(const struct firn_allow *rule)
{
	static const unsigned char start[12] = { [10] = 0xff, [11] = 0xff };

	return rule->family == AF_INET6 &&
	       memcmp(rule->address, start, sizeof(start)) == 0;
}

int
firn_allow_parse(const char *text, struct firn_allow *ret, struct firn_err *err)
{
	struct firn_allow rule = { 0 };
	char copy[LONGEST], *network, *port, *slash;
	uint64_t number;
	unsigned bits;

	if (strlen(text) >= sizeof(copy))
		return refuse(text, "too long", err);
	memcpy(copy, text, strlen(text) + 1);
	if (split(copy, &network, &port) < 0)
		return refuse(text, "the brackets", err);
	slash = strchr(network, '/');
	if (slash != NULL)
		*slash++ = '\0';
	rule.family = strchr(network, ':') == NULL ? AF_INET : AF_INET6;
	if (inet_pton(rule.family, network, rule.address) != 1)
		return refuse(text, "the address", err);
	bits = rule.family == AF_INET ? 32 : 128;
	rule.prefix = bits;
	if (slash != NULL) {
		if (!firn_is_decimal(slash, &number) || number > bits)
			return refuse(text, "the prefix", err);
		rule.prefix = (unsigned)number;
	}
	if (is_mapped(&rule))
		return refuse(text,
			      "write it as the IPv4 address it is on "
			      "the wire",
			      err);
	if (port != NULL) {
		if (!firn_is_decimal(port, &number) || number < 1 ||
		    number > UINT16_MAX)
			return refuse(text, "the port", err);
		rule.port = (uint16_t)number;
	}
	clear_beyond(rule.address, bits / 8, rule.prefix);
	*ret = rule;
	return 0;
}

void
firn_allow_text(const struct firn_allow *rule, char ret[FIRN_ALLOW_TEXT])
{
	char address[INET6_ADDRSTRLEN] = "";
	bool brackets = rule->family == AF_INET6 && rule->port != 0;
	int len;

	inet_ntop(rule->family, rule->address, address, sizeof(address));
	len = snprintf(ret, FIRN_ALLOW_TEXT, "%s%s/%u%s", brackets ? "[" : "",
		       address, rule->prefix, brackets ? "]" : "");
	if (rule->port != 0)
		snprintf(ret + len, FIRN_ALLOW_TEXT - (size_t)len, ":%u",
			 rule->port);
}

json_t *
firn_allow_json(const struct firn_isolation *how)
{
	json_t *rules = json_array();

	for (size_t i = 0; i < how->n_allow; i++) {
		char text[FIRN_ALLOW_TEXT];

		firn_allow_text(&how->allow[i], text);
		json_array_append_new(rules, json_string(text));
	}
	return rules;
}

bool
firn_allow_matches(const struct firn_allow *rule, int family,
		   const unsigned char *remote, int port)
{
	unsigned char network[16] = { 0 };
	size_t size = family == AF_INET ? 4 : 16;

	if (rule->family != family)
		return false;
	memcpy(network, remote, size);
	clear_beyond(network, size, rule->prefix);
	return memcmp(network, rule->address, size) == 0 &&
	       (rule->port == 0 || rule->port == port);
}
