#include "target/sieve.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"

/* As much as disk_json() takes. */
#define FILE_MAX ((size_t)16 << 20)

static bool
is_long_id(const char *id)
{
	return strlen(id) == 64 && names_is_hex(id);
}

/* Is the text the whole id of one that runs?  Then nobody's name counts. */
static bool
is_whole_id(const struct sieve *sieve)
{
	return is_long_id(sieve->query->text) &&
	       kernel_group(sieve->kernel, sieve->query->text) != NULL;
}

void
sieve_start(struct sieve *ret, const struct firn_host *host,
	    const struct kernel *kernel, const struct query *query)
{
	*ret = (struct sieve){
		.host = host,
		.kernel = kernel,
		.query = query,
		.all = query == NULL || query->kind == QUERY_PID ||
		       query->kind == QUERY_CGROUP,
	};
}

void
sieve_end(struct sieve *sieve)
{
	for (size_t i = 0; i < sieve->n_ids; i++)
		free(sieve->ids[i]);
	free(sieve->ids);
	*sieve = (struct sieve){ 0 };
}

/* More than find.c takes for the beginning of an id. */
static bool
is_by_id(const struct query *query, const char *id)
{
	return query->kind != QUERY_POD &&
	       strncmp(id, query->text, strlen(query->text)) == 0;
}

static bool
has(const struct sieve *sieve, const char *id)
{
	for (size_t i = 0; i < sieve->n_ids; i++)
		if (strcmp(sieve->ids[i], id) == 0)
			return true;
	return false;
}

/* Without memory nothing is left out. */
static void
take(struct sieve *sieve, const char *id)
{
	char **more = realloc(sieve->ids, (sieve->n_ids + 1) * sizeof(*more));

	if (more != NULL) {
		sieve->ids = more;
		more[sieve->n_ids] = strdup(id);
	}
	if (more == NULL || more[sieve->n_ids] == NULL)
		sieve->all = true;
	else
		sieve->n_ids++;
}

/* Can a name have this character? */
static bool
is_of_names(int c)
{
	return isalnum(c) || strchr("_.+-", c) != NULL;
}

/* JSON may write any character as \u00XX: RFC 8259, section 7.  Encoders do so
 * with some that no name has ("<" in Go). */
static bool
hides_a_name(const char *text, size_t len)
{
	const char *at = text, *end = text + len;

	while ((at = memmem(at, (size_t)(end - at), "\\u00", 4)) != NULL) {
		char digits[3] = "";

		at += 4;
		if (end - at >= 2)
			memcpy(digits, at, 2);
		if (isxdigit((unsigned char)digits[0]) &&
		    isxdigit((unsigned char)digits[1]) &&
		    is_of_names((int)strtol(digits, NULL, 16)))
			return true;
	}
	return false;
}

static bool
holds(const char *text, size_t len, const char *name)
{
	return memmem(text, len, name, strlen(name)) != NULL;
}

void
sieve_text(struct sieve *sieve, const char *id, const char *text, size_t len)
{
	const struct query *query = sieve->query;
	bool wanted;

	if (sieve->all || query->kind == QUERY_ID || has(sieve, id))
		return;
	if (query->kind == QUERY_POD)
		wanted = holds(text, len, query->pod_name) &&
			 holds(text, len, query->pod_namespace);
	else
		wanted = holds(text, len, query->text);
	if (wanted || hides_a_name(text, len))
		take(sieve, id);
}

void
sieve_file(struct sieve *sieve, const char *id, const char *path)
{
	autofree char *text = NULL;
	struct firn_err none = { 0 };
	size_t len;

	if (sieve->all || sieve->query->kind == QUERY_ID || has(sieve, id) ||
	    is_by_id(sieve->query, id) || is_whole_id(sieve))
		return;
	if (firn_host_read(sieve->host, path, FILE_MAX, &text, &len, &none) ==
	    0)
		sieve_text(sieve, id, text, len);
}

enum sieve_need
sieve_need(const struct sieve *sieve, const char *id)
{
	const struct kernel_group *group;

	if (sieve->all || is_by_id(sieve->query, id) || has(sieve, id))
		return SIEVE_WHOLE;
	group = is_long_id(id) ? kernel_group(sieve->kernel, id) : NULL;
	/* Of two that are called by it, its runtime says which one it is. */
	if (group == NULL || group->second_v2 != NULL ||
	    group->second_freezer != NULL)
		return SIEVE_PLACE;
	return SIEVE_NOTHING;
}
