#include "collect/packages/purl.h"

#include <ctype.h>
#include <string.h>

#include "collect/packages/bom.h"
#include "collect/packages/os_release.h"

static void
add_byte(struct firn_buf *ret, unsigned char byte)
{
	if (isalnum(byte) || byte == '.' || byte == '-' || byte == '_' ||
	    byte == '~') {
		firn_buf_add(ret, &byte, 1);
		return;
	}
	firn_buf_addf(ret, "%%%02X", byte);
}

static void
add_text(struct firn_buf *ret, const char *text)
{
	for (; *text != '\0'; text++)
		add_byte(ret, (unsigned char)*text);
}

/* Of several components. */
static void
add_path(struct firn_buf *ret, const char *text)
{
	for (; *text != '\0'; text++) {
		if (*text == '/')
			firn_buf_add(ret, "/", 1);
		else
			add_byte(ret, (unsigned char)*text);
	}
}

/* Python's packages are the same with "_" and "-" and in any case (PEP 503);
 * npm's were allowed capitals once. */
static void
add_name(struct firn_buf *ret, const char *type, const char *name)
{
	bool pypi = strcmp(type, "pypi") == 0;

	if (strcmp(type, "golang") == 0) {
		add_path(ret, name); /* namespace and name, as one */
		return;
	}
	for (; *name != '\0'; name++) {
		unsigned char byte = (unsigned char)*name;

		if (pypi)
			byte = byte == '_' ? '-' : (unsigned char)tolower(byte);
		add_byte(ret, byte);
	}
}

static void
add_qualifier(struct firn_buf *ret, char *mark, const char *key,
	      const char *value)
{
	if (value == NULL || value[0] == '\0')
		return;
	firn_buf_addf(ret, "%c%s=", *mark, key);
	add_text(ret, value);
	*mark = '&';
}

/* Sorted by their names, as the specification has it. */
static void
add_qualifiers(struct firn_buf *ret, const struct firn_package *package,
	       const struct firn_os *os)
{
	char mark = '?';

	add_qualifier(ret, &mark, "arch", package->arch);
	add_qualifier(ret, &mark, "distro", os != NULL ? os->distro : NULL);
	add_qualifier(ret, &mark, "epoch", package->epoch);
	add_qualifier(ret, &mark, "modularitylabel", package->module);
	add_qualifier(ret, &mark, "upstream", package->upstream);
}

void
firn_purl(struct firn_buf *ret, const struct firn_package *package,
	  const struct firn_os *os)
{
	const char *space = os != NULL ? os->family : package->group;

	firn_buf_addf(ret, "pkg:%s/", package->type);
	if (space != NULL && space[0] != '\0') {
		add_path(ret, space);
		firn_buf_add(ret, "/", 1);
	}
	add_name(ret, package->type, package->name);
	if (package->version != NULL && package->version[0] != '\0') {
		firn_buf_add(ret, "@", 1);
		add_text(ret, package->version);
	}
	add_qualifiers(ret, package, os);
}
