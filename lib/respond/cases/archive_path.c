#include "respond/cases/archive_path.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/auto.h"

#define ENDING ".firn.tar.zst"
#define PARTIAL ENDING ".partial"
#define ATTEMPTS 1000

/* Each folder of a path, as mkdir -p does. */
static int
make_folder(const char *folder, struct firn_err *err)
{
	autofree char *path = strdup(folder);

	if (path == NULL)
		return firn_err_nomem(err);
	for (char *at = strchr(path + 1, '/'); at != NULL;
	     at = strchr(at + 1, '/')) {
		*at = '\0';
		mkdir(path, 0700); /* the last one tells */
		*at = '/';
	}
	if (mkdir(path, 0700) < 0 && errno != EEXIST)
		return firn_err_sys(err, "make the folder of evidence %s",
				    folder);
	return 0;
}

static int
name(const char *folder, const char *case_id, int i, const char *ending,
     char **ret)
{
	char number[16] = "";

	if (i > 1)
		snprintf(number, sizeof(number), "-%d", i);
	return asprintf(ret, "%s/%s%s%s", folder, case_id, number, ending) < 0
		       ? -1
		       : 0;
}

static bool
is_there(const char *folder, const char *case_id, int i, const char *ending)
{
	autofree char *path = NULL;

	return name(folder, case_id, i, ending, &path) == 0 &&
	       access(path, F_OK) == 0;
}

int
firn_case_archive_path(const struct firn_policy *policy, const char *case_id,
		       char **ret, struct firn_err *err)
{
	const char *folder = firn_policy_keeping(policy)->folder;
	int i = 1;

	if (make_folder(folder, err) < 0)
		return -1;
	while (i < ATTEMPTS && (is_there(folder, case_id, i, ENDING) ||
				is_there(folder, case_id, i, PARTIAL)))
		i++;
	return name(folder, case_id, i, ENDING, ret) < 0 ? firn_err_nomem(err)
							 : 0;
}

bool
firn_case_sealed_archive(const struct firn_policy *policy, const char *case_id,
			 char **ret)
{
	const char *folder = firn_policy_keeping(policy)->folder;
	int last = 0;

	for (int i = 1; i < ATTEMPTS; i++) {
		if (is_there(folder, case_id, i, ENDING))
			last = i;
		else if (!is_there(folder, case_id, i, PARTIAL))
			break;
	}
	return last > 0 && name(folder, case_id, last, ENDING, ret) == 0;
}

json_t *
firn_case_partial_archives(const struct firn_policy *policy,
			   const char *case_id)
{
	const char *folder = firn_policy_keeping(policy)->folder;
	json_t *paths = json_array();

	for (int i = 1; i < ATTEMPTS; i++) {
		autofree char *path = NULL;

		if (is_there(folder, case_id, i, PARTIAL) &&
		    name(folder, case_id, i, PARTIAL, &path) == 0)
			json_array_append_new(paths, json_string(path));
		else if (!is_there(folder, case_id, i, ENDING))
			break;
	}
	return paths;
}

int
firn_case_signer(const struct firn_policy *policy,
		 const struct firn_playbook *playbook, struct firn_key **ret,
		 struct firn_err *err)
{
	const char *key = firn_policy_keeping(policy)->key;
	bool made;

	for (size_t n = 0; n < playbook->n_steps; n++)
		if (playbook->steps[n].kind == FIRN_STEP_SEAL &&
		    playbook->steps[n].key != NULL)
			key = playbook->steps[n].key;
	/* The node's own is made when it is first needed. */
	if (key == NULL || strcmp(key, FIRN_KEY_PATH) == 0)
		return firn_key_of_node(ret, &made, err);
	return firn_key_open(ret, key, err);
}
