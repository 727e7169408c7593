#include "firn/approval.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/digest.h"
#include "base/json.h"
#include "firn/audit.h"
#include "respond/policy/approval_file.h"
#include "respond/policy/known_as.h"
#include "respond/policy/rules.h"

/* Hexadecimal digits that a person types. */
#define ID_DIGITS 10

/* --- which one it is ------------------------------------------------------
 */

int
firn_approval_id(const struct firn_party *who, enum firn_role role,
		 const struct firn_traits *what, char ret[FIRN_APPROVAL_ID],
		 struct firn_err *err)
{
	autofree char *text = NULL;
	char hex[FIRN_SHA256_TEXT];
	int len;

	if (who->is_source)
		len = asprintf(&text, "source\n%s\n%s\n%s",
			       who->name != NULL ? who->name : "",
			       firn_role_name(role), what->id);
	else
		len = asprintf(&text, "person\n%lu\n%s\n%s", who->uid,
			       firn_role_name(role), what->id);
	if (len < 0)
		return firn_err_nomem(err);
	if (firn_sha256_text(text, (size_t)len, hex, err) < 0)
		return -1;
	snprintf(ret, FIRN_APPROVAL_ID, "%.*s", ID_DIGITS, hex);
	return 0;
}

/* Two that differ may have the same digits. */
static bool
is_of(const json_t *request, const struct firn_party *who, enum firn_role role,
      const struct firn_traits *what)
{
	autodone(firn_party_free) struct firn_party asker = { 0 };
	struct firn_err none = { 0 };

	return firn_json_says(request, "role", firn_role_name(role)) &&
	       firn_json_says(json_object_get(request, "target"), "id",
			      what->id) &&
	       firn_party_recorded(json_object_get(request, "who"), &asker,
				   &none) == 0 &&
	       firn_party_same(&asker, who);
}

/* --- asking ---------------------------------------------------------------
 */

static int
record(const json_t *request, const struct firn_party *who, const char *action,
       struct firn_err *err)
{
	autojson json_t *party = firn_party_json(who);
	autojson json_t *details = json_object();
	static const char *const keys[] = { "id",   "role", "target",
					    "case", "note", "who" };

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		json_object_set(details, keys[i],
				json_object_get(request, keys[i]));
	return firn_audit_add(party, action, details, err);
}

static int
make(int dir_fd, const char *id, const struct firn_party *who,
     enum firn_role role, const struct firn_traits *traits, const char *case_id,
     struct firn_err *err)
{
	autojson json_t *request = json_object();

	firn_json_text(request, "id", id);
	firn_json_text(request, "state", "open");
	firn_json_time(request, "asked", firn_now());
	json_object_set_new(request, "who", firn_party_json(who));
	firn_json_text(request, "role", firn_role_name(role));
	json_object_set_new(request, "target", firn_traits_record(traits));
	firn_json_text(request, "case", case_id);
	if (firn_approval_make_room(dir_fd, err) < 0 ||
	    record(request, who, "asked", err) < 0)
		return -1;
	return firn_approval_save(dir_fd, request, err);
}

int
firn_approval_ask(const struct firn_party *who, enum firn_role role,
		  const struct firn_traits *traits, const char *case_id,
		  char ret_id[FIRN_APPROVAL_ID], struct firn_err *err)
{
	autoclose int dir_fd = firn_approvals_open(true, err);
	autojson json_t *known = NULL;
	struct firn_err none = { 0 };

	if (dir_fd < 0 || firn_approval_id(who, role, traits, ret_id, err) < 0)
		return -1;
	/* One that can't be read is made anew. */
	if (firn_approval_load(dir_fd, ret_id, &known, &none) == 0 &&
	    firn_approval_is_pending(known)) {
		if (is_of(known, who, role, traits))
			return 0;
		return firn_err_set(err, EEXIST,
				    "request %s is of another, and open: "
				    "answer it first",
				    ret_id);
	}
	return make(dir_fd, ret_id, who, role, traits, case_id, err);
}

/* --- using it up ----------------------------------------------------------
 */

/* Whoever could write the file could also have written that. */
static bool
is_by_another(const json_t *request, const struct firn_party *who)
{
	autodone(firn_party_free) struct firn_party by = { 0 };
	struct firn_err none = { 0 };

	return firn_party_recorded(json_object_get(request, "by"), &by,
				   &none) == 0 &&
	       !by.is_source && !firn_party_same(&by, who);
}

/* One that can't be read is no yes. */
static int
find_given(const struct firn_party *who, enum firn_role role,
	   const struct firn_traits *what, bool use, bool *ret,
	   struct firn_err *err)
{
	autoclose int dir_fd = firn_approvals_open(false, err);
	autojson json_t *request = NULL;
	struct firn_err unread = { 0 };
	char id[FIRN_APPROVAL_ID];

	*ret = false;
	if (dir_fd < 0 && err->code != ENOENT)
		return -1;
	*err = (struct firn_err){ 0 };
	if (firn_approval_id(who, role, what, id, err) < 0)
		return -1;
	if (dir_fd < 0 ||
	    firn_approval_load(dir_fd, id, &request, &unread) < 0 ||
	    !firn_approval_is(request, "approved") ||
	    !is_of(request, who, role, what) || !is_by_another(request, who))
		return 0;
	firn_json_text(request, "state", "used");
	firn_json_time(request, "used", firn_now());
	if (use && firn_approval_save(dir_fd, request, err) < 0)
		return -1;
	*ret = true;
	return 0;
}

int
firn_approval_given(const struct firn_party *who, enum firn_role role,
		    const struct firn_traits *what, bool *ret,
		    struct firn_err *err)
{
	return find_given(who, role, what, false, ret, err);
}

int
firn_approval_use(const struct firn_party *who, enum firn_role role,
		  const struct firn_traits *traits, bool *ret,
		  struct firn_err *err)
{
	return find_given(who, role, traits, true, ret, err);
}

/* --- answering ------------------------------------------------------------
 */

/* May this person answer it?  And for how long is a yes good? */
static int
check(const struct firn_policy *policy, const json_t *request,
      const struct firn_party *by, unsigned *ret_good_s, struct firn_err *err)
{
	autodone(firn_party_free) struct firn_party asker = { 0 };
	const struct firn_counts none = { 0 };
	const struct firn_second *second;
	struct firn_question question = {
		.who = &asker,
		.counts = &none,
		.when = firn_now().tv_sec,
	};
	struct firn_decision decision;
	struct firn_traits traits;

	if (firn_party_recorded(json_object_get(request, "who"), &asker, err) <
		    0 ||
	    firn_role_recorded(firn_json_string(request, "role", NULL),
			       &question.role, err) < 0)
		return -1;
	firn_traits_recorded(json_object_get(request, "target"), &traits);
	question.what = &traits;
	if (by->is_source || firn_party_same(by, &asker))
		return firn_err_set(err, EPERM,
				    "whoever asked can't be the second person");
	firn_policy_may_approve(policy, by, &question, &decision);
	if (decision.verdict != FIRN_ALLOWED)
		return firn_err_set(err, EPERM, "%s", decision.why);
	second = firn_policy_second(policy, question.role, &traits);
	*ret_good_s = second != NULL && second->within_s > 0 ? second->within_s
							     : FIRN_APPROVAL_S;
	return 0;
}

/* One that this person may answer, with the folder held. */
static int
load_open(int dir_fd, const struct firn_policy *policy, const char *id,
	  const struct firn_party *by, json_t **ret, unsigned *ret_good_s,
	  struct firn_err *err)
{
	autojson json_t *request = NULL;

	if (dir_fd < 0)
		return err->code == ENOENT
			       ? firn_err_set(err, ESRCH,
					      "there is no request %s", id)
			       : -1;
	if (firn_approval_load(dir_fd, id, &request, err) < 0)
		return -1;
	if (!firn_approval_is(request, "open"))
		return firn_err_set(err, EPERM, "request %s is %s", id,
				    firn_json_string(request, "state", NULL));
	if (check(policy, request, by, ret_good_s, err) < 0)
		return firn_err_in(err, "request %s", id);
	*ret = firn_steal(request);
	return 0;
}

int
firn_approval_may_answer(const struct firn_policy *policy, const char *id,
			 const struct firn_party *by, json_t **ret,
			 struct firn_err *err)
{
	autoclose int dir_fd = firn_approvals_open(false, err);
	unsigned good_s;

	return load_open(dir_fd, policy, id, by, ret, &good_s, err);
}

int
firn_approval_answer(const struct firn_policy *policy, const char *id,
		     const struct firn_party *by, bool yes, const char *note,
		     json_t **ret, struct firn_err *err)
{
	autoclose int dir_fd = firn_approvals_open(false, err);
	const char *answer = yes ? "approved" : "refused";
	autojson json_t *request = NULL;
	unsigned good_s = 0;

	if (load_open(dir_fd, policy, id, by, &request, &good_s, err) < 0)
		return -1;
	if (note != NULL && strlen(note) > FIRN_NOTE_MAX)
		return firn_err_set(err, EINVAL, "a note has at most %d bytes",
				    FIRN_NOTE_MAX);
	firn_json_text(request, "state", answer);
	json_object_set_new(request, "by", firn_party_json(by));
	firn_json_time(request, "answered", firn_now());
	firn_json_text(request, "note", note);
	firn_json_uint(request, "good_s", good_s);
	/* A crash between the two leaves one that is still open. */
	if (record(request, by, answer, err) < 0 ||
	    firn_approval_save(dir_fd, request, err) < 0)
		return -1;
	*ret = firn_steal(request);
	return 0;
}

/* --- all of them ----------------------------------------------------------
 */

static int
newest_first(const void *a, const void *b)
{
	const char *one = firn_json_string(*(json_t *const *)a, "asked", NULL);
	const char *other =
		firn_json_string(*(json_t *const *)b, "asked", NULL);

	return strcmp(other != NULL ? other : "", one != NULL ? one : "");
}

static int
sort(const json_t *all, json_t **ret, struct firn_err *err)
{
	size_t n = json_array_size(all);
	autofree json_t **items = calloc(n + 1, sizeof(json_t *));
	json_t *sorted = json_array();

	if (items == NULL || sorted == NULL) {
		json_decref(sorted);
		return firn_err_nomem(err);
	}
	for (size_t i = 0; i < n; i++)
		items[i] = json_array_get(all, i);
	qsort(items, n, sizeof(json_t *), newest_first);
	for (size_t i = 0; i < n; i++)
		json_array_append(sorted, items[i]);
	*ret = sorted;
	return 0;
}

int
firn_approvals(json_t **ret, struct firn_err *err)
{
	autoclose int dir_fd = firn_approvals_open(false, err);
	autojson json_t *all = NULL;

	if (dir_fd < 0 && err->code != ENOENT)
		return -1;
	*err = (struct firn_err){ 0 };
	if (dir_fd >= 0 && firn_approval_load_all(dir_fd, &all, err) < 0)
		return -1;
	return sort(all, ret, err);
}
