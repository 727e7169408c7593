#include "firn/contained.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "base/auto.h"
#include "base/io.h"
#include "base/json.h"
#include "contain/cut/bpf_call.h"
#include "contain/cut/cut.h"
#include "contain/keep/keeper.h"
#include "firn/ledger.h"

/* How a place of a change is found; the worst of several stands for all. */
enum finding {
	HOLDS,
	PARTLY,
	UNKNOWN,
	UNDONE,
	GONE,
	RESTARTED,
	N_FINDINGS
};

static const char *const states[N_FINDINGS] = {
	"in force", "partly in force", "recorded", "not in force",
	"gone",     "restarted",
};

/* The findings of all changes of a kind. */
struct findings {
	unsigned n[N_FINDINGS];
	struct firn_err why; /* of the first that doesn't hold */
};

static void
add(struct findings *findings, enum finding one, const struct firn_err *why)
{
	findings->n[one]++;
	if (findings->why.code == 0)
		findings->why = *why;
}

/* Is the folder of a cgroup the one that was written down?  HOLDS if so. */
static enum finding
find_folder(const struct firn_host *host, const char *folder,
	    const json_t *inode, int *ret_fd, struct firn_err *why)
{
	autoclose int fd =
		firn_host_file(host, folder, O_RDONLY | O_DIRECTORY, why);
	struct stat st;

	if (fd < 0)
		return GONE;
	if (fstat(fd, &st) < 0 ||
	    (uint64_t)json_integer_value(inode) != st.st_ino) {
		firn_err_set(why, ESTALE,
			     "%s is another one by now: the container was "
			     "restarted",
			     folder);
		return RESTARTED;
	}
	*ret_fd = firn_steal_fd(&fd);
	return HOLDS;
}

/* Does the file say still what was written into it? */
static bool
says(int dir_fd, const char *file, const char *written)
{
	bool is_v1 = strcmp(file, "freezer.state") == 0;
	autofree char *text = NULL;
	struct firn_err unread = { 0 };

	/* v1 calls frozen also what a cgroup above holds. */
	if (is_v1)
		file = "freezer.self_freezing", written = "1";
	return firn_read_at(dir_fd, file, 4096, &text, NULL, &unread) == 0 &&
	       strncmp(text, written, strlen(written)) == 0;
}

static enum finding
find_freeze_at(const struct firn_host *host, const json_t *part,
	       struct firn_err *why)
{
	const char *folder = firn_json_string(part, "folder", NULL);
	const char *file = firn_json_string(part, "file", NULL);
	const char *written = firn_json_string(part, "write", NULL);
	autoclose int fd = -1;
	enum finding found;

	if (folder == NULL || file == NULL || written == NULL)
		return UNKNOWN;
	found = find_folder(host, folder, json_object_get(part, "inode"), &fd,
			    why);
	if (found != HOLDS || says(fd, file, written))
		return found;
	firn_err_set(why, ENOENT, "%s/%s doesn't say %s any more", folder, file,
		     written);
	return UNDONE;
}

/* Every place that the details have: an object with a folder. */
static void
find_freeze(const struct firn_host *host, const json_t *details,
	    struct findings *ret)
{
	const char *key;
	json_t *part;
	unsigned n = 0;

	json_object_foreach((json_t *)(uintptr_t)details, key, part) {
		struct firn_err why = { 0 };

		if (firn_json_string(part, "folder", NULL) == NULL)
			continue;
		add(ret, find_freeze_at(host, part, &why), &why);
		n++;
	}
	if (n == 0)
		ret->n[UNKNOWN]++;
}

/* Of a link that is pinned, is it attached anywhere? */
static bool
is_attached(const char *pin)
{
	struct firn_bpf_link link = { 0 };
	struct firn_err gone = { 0 };
	autoclose int fd = firn_bpf_open_pin(pin, &gone);

	return fd >= 0 && firn_bpf_link_look(fd, &link, &gone) == 0 &&
	       (link.cgroup_id != 0 || link.ifindex != 0);
}

/* A cut that was begun, or whose undoing was, and somebody was killed: what is
 * pinned still works. */
static bool
has_a_link(const json_t *details)
{
	const json_t *pin;
	size_t i;

	json_array_foreach(json_object_get(details, "pins"), i, pin) {
		if (is_attached(json_string_value(pin)))
			return true;
	}
	return false;
}

static void
find_cut(const struct firn_host *host, const json_t *details,
	 struct findings *ret)
{
	const char *folder = firn_json_string(details, "cgroup", NULL);
	struct firn_err why = { 0 }, where = { 0 };
	autoclose int fd = -1;
	enum finding found = HOLDS;

	if (folder != NULL)
		found = find_folder(host, folder,
				    json_object_get(details, "inode"), &fd,
				    &where);
	if (found != HOLDS)
		add(ret, found, &where);
	else if (firn_cut_holds(details, &why) < 0)
		add(ret, has_a_link(details) ? PARTLY : UNDONE, &why);
	else
		ret->n[HOLDS]++;
}

/* In one word. */
static const char *
state_of(const struct findings *findings)
{
	unsigned others = 0;

	/* What can't be looked at says nothing of what can. */
	for (int i = HOLDS + 1; i < N_FINDINGS; i++)
		others += i == UNKNOWN ? 0 : findings->n[i];
	if (findings->n[HOLDS] > 0 || findings->n[PARTLY] > 0)
		return others == 0 ? states[HOLDS] : states[PARTLY];
	/* An interface that went with its container was undone by nobody. */
	for (int i = N_FINDINGS - 1; i > PARTLY; i--)
		if (findings->n[i] > 0)
			return states[i];
	return states[UNKNOWN];
}

/* Since when, by whom, in which case: as the first of the changes has it. */
static json_t *
describe(const json_t *changes, const char *state, const struct firn_err *why)
{
	const json_t *first = json_array_get(changes, 0);
	json_t *object = json_object();

	firn_json_text(object, "since", firn_json_string(first, "time", NULL));
	firn_json_text(object, "by", firn_json_string(first, "operator", NULL));
	firn_json_text(object, "case", firn_json_string(first, "case", NULL));
	firn_json_text(object, "state", state);
	if (why != NULL && why->code != 0)
		firn_json_text(object, "why", why->text);
	return object;
}

/* Sockets of which an option was set, and whoever did that was killed. */
static void
find_peek(const struct firn_host *host, const json_t *details,
	  struct findings *ret)
{
	(void)host;
	(void)details;
	ret->n[UNKNOWN]++;
}

typedef void find_fn(const struct firn_host *host, const json_t *details,
		     struct findings *ret);

static void
look(const struct firn_host *host, const struct firn_ledger *ledger,
     const char *action, find_fn *find, json_t *ret, const char *key)
{
	autojson json_t *open = firn_ledger_open_changes(ledger, action);
	autojson json_t *before = firn_ledger_before_boot(ledger, action);
	struct findings findings = { 0 };
	json_t *change;
	size_t i;

	json_array_foreach(open, i, change) {
		find(host, json_object_get(change, "details"), &findings);
	}
	if (json_array_size(open) > 0)
		json_object_set_new(ret, key,
				    describe(open, state_of(&findings),
					     &findings.why));
	else if (json_array_size(before) > 0)
		json_object_set_new(ret, key,
				    describe(before, "before the reboot",
					     NULL));
}

static const char *
keeper_state(const json_t *details)
{
	json_int_t deadline =
		json_integer_value(json_object_get(details, "deadline_boot_s"));
	bool is_alive = firn_keeper_is_alive(details);
	struct timespec now = { 0 };

	clock_gettime(CLOCK_BOOTTIME, &now);
	/* A second for what it has to do then. */
	if (deadline == 0 || now.tv_sec <= deadline + 1)
		return is_alive ? "running" : "not running";
	return is_alive ? "late" : "not kept";
}

static void
look_for_keepers(const struct firn_ledger *ledger, json_t *ret)
{
	autojson json_t *open = firn_ledger_open_changes(ledger, "keep");
	json_t *keepers = json_object(), *change;
	size_t i;

	json_array_foreach(open, i, change) {
		const json_t *details = json_object_get(change, "details");
		const char *purpose =
			firn_json_string(details, "purpose", NULL);
		json_t *one = json_object();

		json_object_set(one, "pid", json_object_get(details, "pid"));
		firn_json_text(one, "deadline",
			       firn_json_string(details, "deadline", NULL));
		firn_json_text(one, "state", keeper_state(details));
		json_object_set_new(keepers, purpose != NULL ? purpose : "?",
				    one);
	}
	if (json_object_size(keepers) > 0)
		json_object_set(ret, "keeper", keepers);
	json_decref(keepers);
}

int
firn_contained(const struct firn_host *host, const char *id, json_t **ret,
	       struct firn_err *err)
{
	autodone(firn_ledger_close) struct firn_ledger *ledger = NULL;
	autojson json_t *contained = json_object();
	int there = firn_ledger_look(&ledger, id, err);

	if (contained == NULL)
		return firn_err_nomem(err);
	if (there <= 0)
		return there;
	look(host, ledger, "freeze", find_freeze, contained, "frozen");
	look(host, ledger, "isolate", find_cut, contained, "isolated");
	look(host, ledger, "peek", find_peek, contained, "peeked");
	look_for_keepers(ledger, contained);
	if (json_object_size(contained) == 0)
		return 0;
	*ret = firn_steal(contained);
	return 1;
}
