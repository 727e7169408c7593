#include "firn/isolate.h"

#include <errno.h>
#include <net/if.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "base/auto.h"
#include "base/json.h"
#include "contain/cut/allow.h"
#include "contain/cut/cut.h"
#include "contain/cut/cut_stopgap.h"
#include "contain/cut/cut_unix.h"
#include "contain/cut/isolate_with.h"
#include "contain/keep/keeper_watch.h"
#include "contain/reset/reset.h"

/* An interface that is not loopback, for programs to be tried on.  Numbers
 * are given in a row, so one is near. */
static uint32_t
some_interface(void)
{
	autoclose int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	for (int i = 2; fd >= 0 && i < 4096; i++) {
		struct ifreq request = { .ifr_ifindex = i };

		if (ioctl(fd, SIOCGIFNAME, &request) == 0)
			return (uint32_t)i;
	}
	return 0;
}

static void
close_cut(struct firn_cut *cut)
{
	firn_pins_close(&cut->pins);
	firn_auto_close(&cut->rtnl_fd);
	json_decref(cut->allow);
	json_decref(cut->methods);
	json_decref(cut->not_used);
	json_decref(cut->open);
	json_decref(cut->keeper);
	json_decref(cut->unix_sockets);
	json_decref(cut->shared_with);
}

static int
open_cut(struct firn_cut *cut, struct firn_err *err)
{
	if (firn_pins_choose(&cut->pins, cut->target->id, err) < 0)
		return -1;
	cut->rtnl_fd = firn_rtnl_open(err);
	if (cut->rtnl_fd < 0)
		return -1;
	cut->ifindex = some_interface();
	cut->allow = firn_allow_json(cut->how);
	cut->methods = json_array();
	cut->not_used = json_array();
	cut->open = json_array();
	cut->shared_with = json_array();
	if (cut->allow == NULL || cut->methods == NULL ||
	    cut->not_used == NULL || cut->open == NULL ||
	    cut->shared_with == NULL)
		return firn_err_nomem(err);
	return 0;
}

/* Does an earlier call's change on the cgroup hold? */
static bool
cgroup_holds(const struct firn_cut *cut)
{
	autojson json_t *changes =
		firn_ledger_open_changes(cut->ledger, "isolate");
	json_t *change;
	size_t i;

	json_array_foreach(changes, i, change) {
		const json_t *details = json_object_get(change, "details");
		const char *method = firn_json_string(details, "method", NULL);
		json_int_t inode =
			json_integer_value(json_object_get(details, "inode"));
		struct firn_err why;

		if (method != NULL &&
		    strcmp(method, firn_method_cgroup.name) == 0 &&
		    (uint64_t)inode == cut->target->v2.inode &&
		    firn_cut_holds(details, &why) == 0)
			return true;
	}
	return false;
}

/* Pins live as long as their filesystem, and ours may be mounted for firn
 * alone. */
static void
check_lifetime(struct firn_cut *cut, enum firn_isolate_part part)
{
	struct firn_namespaces host, own;
	struct firn_err ignored;

	if ((part & (FIRN_ISOLATE_CGROUP | FIRN_ISOLATE_LINKS)) == 0 ||
	    json_array_size(cut->methods) == 0 ||
	    strncmp(cut->pins.folder, "/run/", 5) != 0 ||
	    firn_proc_namespaces(cut->target->host, 1, &host, &ignored) < 0)
		return;
	struct stat st;
	if (stat("/proc/self/ns/mnt", &st) < 0)
		return;
	own.inode[FIRN_NS_MNT] = st.st_ino;
	if (own.inode[FIRN_NS_MNT] != host.inode[FIRN_NS_MNT])
		firn_cut_open(cut, "it ends with the mount namespace that firn "
				   "runs in, which is not the host's");
}

static int
run(struct firn_cut *cut, enum firn_isolate_part part,
    const struct firn_method *const *methods, struct firn_err *err)
{
	if ((part & FIRN_ISOLATE_CGROUP) != 0) {
		if (firn_cut_cgroup(cut, err) < 0 ||
		    (cut->how->whole_pod && firn_cut_pod(cut, err) < 0) ||
		    (cut->how->cut_unix && firn_cut_unix(cut, err) < 0))
			return -1;
	} else {
		cut->cgroup_holds = cgroup_holds(cut);
	}
	if ((part & FIRN_ISOLATE_LINKS) != 0) {
		if (cut->target->members.items == NULL &&
		    (firn_cut_before_scan(cut, methods, err) < 0 ||
		     firn_target_scan(cut->target, err) < 0))
			return -1;
		if (firn_cut_interfaces(cut, methods, err) < 0)
			return -1;
	} else if ((part & FIRN_ISOLATE_CGROUP) != 0) {
		firn_cut_open(cut,
			      "all its interfaces: %s: they are not cut "
			      "yet",
			      cut->cgroup_holds
				      ? "raw frames (AF_PACKET), what "
					"the container forwards, and "
					"the kernel's own answers"
				      : "everything");
	}
	if ((part & FIRN_ISOLATE_REST) != 0) {
		if (firn_cut_for_good(cut, err) < 0)
			return -1;
		cut->unix_sockets = firn_cut_unix_report(cut);
	}
	check_lifetime(cut, part);
	return 0;
}

/* After the cut, which must not wait for it; and after all of it. */
static void
watch(struct firn_cut *cut, enum firn_isolate_part part)
{
	autojson json_t *changes =
		firn_ledger_open_changes(cut->ledger, "isolate");
	struct firn_err why = { 0 };

	if (!cut->how->watch || (part & FIRN_ISOLATE_REST) == 0 ||
	    json_array_size(changes) == 0)
		return;
	if (firn_keep_isolation(cut->target, cut->ledger, &cut->keeper, &why) <
	    0)
		firn_cut_open(cut,
			      "all of it after a restart: no keeper "
			      "watches for one: %s",
			      why.text);
}

static json_t *
result(struct firn_cut *cut)
{
	autojson json_t *changes =
		firn_ledger_open_changes(cut->ledger, "isolate");
	bool is_open = json_array_size(cut->open) > 0;
	json_t *object = json_object();

	firn_json_text(object, "state", is_open ? "partial" : "isolated");
	json_object_set(object, "methods", cut->methods);
	json_object_set(object, "not_used", cut->not_used);
	json_object_set(object, "open", cut->open);
	json_object_set(object, "allow", cut->allow);
	json_object_set(object, "unix", cut->unix_sockets);
	json_object_set(object, "shared_with", cut->shared_with);
	json_object_set_new(object, "dropped", firn_cut_dropped(changes));
	json_object_set_new(object, "already",
			    json_boolean(cut->n_changes == 0 &&
					 json_array_size(cut->methods) > 0));
	return object;
}

static void
add_attempts(const struct firn_cut *cut, json_t *object)
{
	struct firn_err why = { 0 };
	json_t *attempts = NULL;

	if (firn_attempts(cut->ledger, &attempts, &why) == 0 &&
	    attempts != NULL)
		json_object_set_new(object, "attempts", attempts);
}

/* The cut stands whether this succeeds or not. */
static void
reset(struct firn_cut *cut, json_t *result)
{
	struct firn_err why = { 0 };
	json_t *said = NULL;

	if (!cut->how->reset)
		return;
	if (firn_reset(cut->target, cut->ledger, &said, &why) < 0) {
		firn_cut_without(cut, "reset", why.text);
		firn_cut_open(cut, "its connections: they were not reset: %s",
			      why.text);
		json_object_set_new(result, "state", json_string("partial"));
		return;
	}
	json_object_set_new(result, "reset", said);
}

/* Nothing at all is in force, though something could get through. */
static int
refuse_nothing(const struct firn_cut *cut, struct firn_err *err)
{
	const char *why =
		firn_json_string(json_array_get(cut->not_used, 0), "why", NULL);

	return firn_err_set(err, ENOTSUP, "nothing could be cut: %s",
			    why == NULL ? "no method is left" : why);
}

int
firn_isolate_with(struct firn_target *target, struct firn_ledger *ledger,
		  const struct firn_isolation *how, enum firn_isolate_part part,
		  const struct firn_method *const *methods, json_t **ret,
		  struct firn_err *err)
{
	autodone(close_cut) struct firn_cut cut = {
		.target = target,
		.ledger = ledger,
		.how = how,
		.pins.dir_fd = -1,
		.rtnl_fd = -1,
		.attempts_fd = -1,
	};

	if (open_cut(&cut, err) < 0 || firn_reset_settle(ledger, err) < 0 ||
	    run(&cut, part, methods, err) < 0)
		return -1;
	if (part == FIRN_ISOLATE_ALL && json_array_size(cut.methods) == 0 &&
	    json_array_size(cut.open) > 0)
		return refuse_nothing(&cut, err);
	watch(&cut, part);
	*ret = result(&cut);
	if (*ret == NULL)
		return firn_err_nomem(err);
	add_attempts(&cut, *ret);
	if (part == FIRN_ISOLATE_ALL)
		reset(&cut, *ret);
	return 0;
}

int
firn_isolate_part(struct firn_target *target, struct firn_ledger *ledger,
		  const struct firn_isolation *how, enum firn_isolate_part part,
		  json_t **ret, struct firn_err *err)
{
	return firn_isolate_with(target, ledger, how, part, firn_link_methods,
				 ret, err);
}

int
firn_isolate(struct firn_target *target, struct firn_ledger *ledger,
	     const struct firn_isolation *how, json_t **ret,
	     struct firn_err *err)
{
	return firn_isolate_part(target, ledger, how, FIRN_ISOLATE_ALL, ret,
				 err);
}
