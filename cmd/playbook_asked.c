#include "playbook.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/io.h"
#include "base/text.h"

static bool
is_file(const char *name)
{
	return strchr(name, '/') != NULL || firn_ends_with(name, ".yaml") ||
	       firn_ends_with(name, ".yml") || firn_ends_with(name, ".json");
}

int
firn_playbook_draft(const char *path, struct firn_playbook **ret,
		    struct firn_err *err)
{
	autofree char *text = NULL;
	size_t len;

	return firn_read_at(AT_FDCWD, path, FIRN_YAML_MAX, &text, &len, err) < 0
		       ? -1
		       : firn_playbook_parse(ret, path, text, len, err);
}

/* Out of all, which are closed with the rest of them. */
static struct firn_playbook *
take(struct firn_playbooks *all, const char *name)
{
	for (size_t i = 0; i < all->n; i++)
		if (all->items[i] != NULL &&
		    strcmp(all->items[i]->name, name) == 0)
			return firn_steal(all->items[i]);
	return NULL;
}

static int
find(const struct firn_playbook_asked *asked, struct firn_playbooks *all,
     const char *name, struct firn_playbook **ret, struct firn_err *err)
{
	if (is_file(name))
		return firn_playbook_draft(name, ret, err);
	if (all->n == 0 && firn_playbooks_open(all, asked->folder, err) < 0)
		return -1;
	*ret = take(all, name);
	return *ret != NULL
		       ? 0
		       : firn_err_set(err, ESRCH,
				      "no playbook is called \"%s\": firn "
				      "playbook list has them; a file is named "
				      "with its .yaml",
				      name);
}

int
firn_playbooks_asked(const struct firn_playbook_asked *asked,
		     char *const *names, size_t n, struct firn_playbooks *ret,
		     struct firn_err *err)
{
	struct firn_playbooks all = { 0 }, found = { 0 };
	int done = 0;

	if (n == 0)
		return firn_playbooks_open(ret, asked->folder, err);
	found.items = calloc(n, sizeof(struct firn_playbook *));
	if (found.items == NULL)
		return firn_err_nomem(err);
	while (done == 0 && found.n < n) {
		done = find(asked, &all, names[found.n], &found.items[found.n],
			    err);
		if (done == 0)
			found.n++;
	}
	firn_playbooks_close(&all);
	if (done < 0)
		firn_playbooks_close(&found);
	else
		*ret = found;
	return done;
}
