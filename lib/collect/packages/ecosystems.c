#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/io.h"
#include "collect/packages/ecosystem.h"

/* The first that takes a file has it; executables are asked last, because it
 * is the costliest question. */
static const struct firn_ecosystem *const ecosystems[] = {
	&firn_ecosystem_dpkg,       &firn_ecosystem_apk,
	&firn_ecosystem_rpm,        &firn_ecosystem_npm,
	&firn_ecosystem_npm_lock,   &firn_ecosystem_python,
	&firn_ecosystem_gem,        &firn_ecosystem_gem_lock,
	&firn_ecosystem_composer,   &firn_ecosystem_composer_lock,
	&firn_ecosystem_cargo_lock, &firn_ecosystem_java,
	&firn_ecosystem_go,
};

const struct firn_ecosystem *
firn_ecosystem_of(const struct firn_tree_entry *entry)
{
	if (!S_ISREG(entry->st.st_mode))
		return NULL;
	for (size_t i = 0; i < sizeof(ecosystems) / sizeof(ecosystems[0]);
	     i++) {
		if (ecosystems[i]->takes(entry))
			return ecosystems[i];
	}
	return NULL;
}

void
firn_reading_gap(struct firn_reading *reading,
		 const struct firn_tree_entry *entry, int code,
		 const char *text)
{
	struct firn_err why = { 0 };

	firn_err_set(&why, code, "%s", text);
	firn_tree_gap(reading->tree, entry->path, &why);
}

bool
firn_reading_text(struct firn_reading *reading,
		  const struct firn_tree_entry *entry, size_t max, char **ret,
		  size_t *ret_len)
{
	struct firn_err why = { 0 };
	autoclose int fd = -1;

	if (!firn_tree_spend(reading->tree, entry->path,
			     (uint64_t)entry->st.st_size))
		return false;
	fd = firn_tree_open(reading->tree, entry, &why);
	if (fd < 0 ||
	    firn_read_fd(fd, entry->name, max, ret, ret_len, &why) < 0) {
		firn_tree_gap(reading->tree, entry->path, &why);
		return false;
	}
	for (size_t i = 0; i < *ret_len; i++) {
		if ((*ret)[i] == '\0')
			(*ret)[i] = '\x01';
	}
	return true;
}

json_t *
firn_reading_json(struct firn_reading *reading,
		  const struct firn_tree_entry *entry, size_t max)
{
	autofree char *text = NULL;
	json_error_t why;
	json_t *json;
	size_t len;

	if (!firn_reading_text(reading, entry, max, &text, &len))
		return NULL;
	json = json_loadb(text, len, 0, &why);
	if (json == NULL)
		firn_reading_gap(reading, entry, EBADMSG, "no valid JSON");
	return json;
}

bool
firn_lies_in(const char *path, const char *folder)
{
	size_t len = strlen(folder);

	for (const char *at = path; at != NULL;) {
		if (strncmp(at, folder, len) == 0)
			return true;
		at = strchr(at, '/');
		at = at != NULL ? at + 1 : NULL;
	}
	return false;
}
