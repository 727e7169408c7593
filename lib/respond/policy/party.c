#include "firn/policy.h"

#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/json.h"
#include "host/accounts.h"
#include "host/operator.h"

static int
fill_person(struct firn_party *ret, uid_t uid, char *name, struct firn_err *err)
{
	struct firn_words groups = { 0 };

	if (firn_account_groups(name, &groups, err) < 0) {
		firn_words_free(&groups);
		free(name);
		return -1;
	}
	*ret = (struct firn_party){
		.name = name,
		.uid = uid,
		.groups = groups.items,
		.n_groups = groups.n,
	};
	return 0;
}

int
firn_party_uid(unsigned long uid, struct firn_party *ret, struct firn_err *err)
{
	char *name = NULL;

	if (firn_account_of((uid_t)uid, &name, err) < 0)
		return -1;
	return fill_person(ret, (uid_t)uid, name, err);
}

int
firn_party_me(struct firn_party *ret, struct firn_err *err)
{
	return firn_party_uid(firn_operator_uid(), ret, err);
}

int
firn_party_named(const char *name, struct firn_party *ret, struct firn_err *err)
{
	char *copy;
	uid_t uid;

	if (firn_account_named(name, &uid, NULL, err) < 0)
		return -1;
	copy = strdup(name);
	if (copy == NULL)
		return firn_err_nomem(err);
	return fill_person(ret, uid, copy, err);
}

int
firn_party_source(const char *name, struct firn_party *ret,
		  struct firn_err *err)
{
	char *copy = NULL;

	if (name != NULL) {
		copy = strdup(name);
		if (copy == NULL)
			return firn_err_nomem(err);
	}
	*ret = (struct firn_party){ .is_source = true, .name = copy };
	return 0;
}

void
firn_party_free(struct firn_party *party)
{
	struct firn_words groups = { party->groups, party->n_groups };

	firn_words_free(&groups);
	free(party->name);
	*party = (struct firn_party){ 0 };
}

json_t *
firn_party_json(const struct firn_party *party)
{
	json_t *json = json_object();

	firn_json_text(json, "kind", party->is_source ? "source" : "person");
	firn_json_text(json, "name", party->name);
	if (!party->is_source)
		firn_json_uint(json, "uid", party->uid);
	return json;
}
