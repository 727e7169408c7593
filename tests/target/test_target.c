#include "yard.h"

#include <limits.h>

#include "base/json.h"

#define ID yard.id
#define ID2 yard.id2
#define OWN (CLONE_NEWPID | CLONE_NEWNS | CLONE_NEWNET)

static struct firn_target *target;

static void
setup(void)
{
	yard_start();
}

static void
teardown(void)
{
	firn_target_close(&target);
	yard_clear();
}

static int
open_target(const char *name)
{
	firn_target_close(&target);
	err = (struct firn_err){ 0 };
	if (firn_target_open(&target, &yard.host, name, &err) < 0)
		return -1;
	return firn_target_scan(target, &err);
}

#define opens(name) ck_assert_msg(open_target(name) == 0, "%s", err.text)

/* Refused with this code, and words that have `part` in them. */
static void
refuses(const char *name, int code, const char *part)
{
	ck_assert_msg(open_target(name) < 0, "%s was taken", name);
	ck_assert_msg(err.code == code, "%s: %d: %s", name, err.code, err.text);
	ck_assert_msg(strstr(err.text, part) != NULL, "%s: %s", name, err.text);
	ck_assert(firn_target_refused(&err));
	ck_assert_ptr_null(target);
}

static const struct firn_member *
member(pid_t pid)
{
	for (size_t i = 0; i < target->members.n; i++)
		if (target->members.items[i].pid == pid)
			return &target->members.items[i];
	return NULL;
}

/* The first digits of an id, with something before them. */
static const char *
with(const char *scheme, const char *id, int digits)
{
	static char name[128];

	snprintf(name, sizeof(name), "%s%.*s", scheme, digits, id);
	return name;
}

static const char *
inside(const char *group, const char *name)
{
	static char path[160];

	snprintf(path, sizeof(path), "%s/%s", group, name);
	return path;
}

static const char *
pid_name(pid_t pid)
{
	static char name[32];

	snprintf(name, sizeof(name), "pid:%d", pid);
	return name;
}

static const char *
group_name(const char *group)
{
	static char name[4200];

	snprintf(name, sizeof(name), "cgroup:%s", group);
	return name;
}

START_TEST(a_container_that_only_the_kernel_knows_is_found_by_every_name)
{
	const char *group = yard_group(ID);
	pid_t init = yard_run(group, OWN, NULL);

	for (size_t i = 0; i < 3; i++) {
		opens(i == 0   ? ID
		      : i == 1 ? with("", ID, 12)
			       : with("docker://", ID, 64));
		ck_assert_int_eq(target->init_pid, init);
	}
	opens(pid_name(init));
	ck_assert_str_eq(target->id, ID);
	opens(group_name(group));
	ck_assert_str_eq(target->id, ID);
	ck_assert_int_eq(target->runtime, FIRN_RUNTIME_UNKNOWN);
	ck_assert_int_ge(target->init_pidfd, 0);
	ck_assert_uint_ne(target->init_start_ticks, 0);
	if (yard.mounts.v2[0] != '\0')
		ck_assert_str_eq(target->v2.path, group);
	if (yard.mounts.freezer[0] != '\0')
		ck_assert_str_eq(target->freezer.path, group);
	ck_assert_uint_eq(target->members.n, 1);
	ck_assert(target->members.settled);
	ck_assert_uint_eq(target->members.items[0].membership &
				  (FIRN_IN_CGROUP | FIRN_IN_PIDNS |
				   FIRN_IN_MNTNS | FIRN_IN_NETNS),
			  15);
}
END_TEST

START_TEST(a_group_within_a_containers_own_is_the_container)
{
	const char *group = yard_group(ID);
	const char *inner = yard_group(inside(ID, "inner"));
	pid_t init = yard_run(group, OWN, NULL);

	opens(group_name(inner));
	ck_assert_str_eq(target->id, ID);
	ck_assert_int_eq(target->init_pid, init);
}
END_TEST

static pid_t
child_of(pid_t pid)
{
	char path[64], text[64] = "";
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/task/%d/children", pid, pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	ck_assert_int_gt(read(fd, text, sizeof(text) - 1), 0);
	close(fd);
	return atoi(text);
}

START_TEST(a_process_that_left_the_cgroup_has_escaped)
{
	const struct yard_life life = { .child = true };
	pid_t init = yard_run(yard_group(ID), OWN, &life);
	pid_t away = child_of(init);

	yard_move(away, "/");
	opens(ID);
	ck_assert_ptr_nonnull(member(away));
	ck_assert(member(away)->escaped);
	ck_assert(!member(away)->joined);
	ck_assert(!member(away)->doubtful);
	ck_assert_uint_eq(member(away)->membership & FIRN_IN_PIDNS,
			  FIRN_IN_PIDNS);
	ck_assert_uint_eq(member(away)->membership & FIRN_IN_CGROUP, 0);
	ck_assert(!member(init)->escaped);
	ck_assert_uint_eq(member(init)->out_of, 0);
	/* And it leads back to where it came from. */
	opens(pid_name(away));
	ck_assert_str_eq(target->id, ID);
	ck_assert_int_eq(target->init_pid, init);
}
END_TEST

START_TEST(an_agent_of_the_nodes_network_is_refused_unless_forced)
{
	const struct yard_life life = { .comm = "calico-node" };
	/* They all live in the host's network. */
	pid_t pid =
		yard_run(yard_group(ID), OWN & ~(unsigned)CLONE_NEWNET, &life);

	refuses(ID, EPERM, "--force");
	ck_ok(firn_target_open_forced(&target, &yard.host, ID, &err));
	ck_assert_int_eq(target->init_pid, pid);
}
END_TEST

START_TEST(a_suspect_that_calls_itself_an_agent_is_taken)
{
	const struct yard_life life = { .comm = "calico-node" };

	yard_run(yard_group(ID), OWN, &life);
	opens(ID);
}
END_TEST

START_TEST(what_must_never_be_touched_can_not_be_forced)
{
	ck_assert_int_lt(firn_target_open_forced(&target, &yard.host, "pid:1",
						 &err),
			 0);
	ck_assert_int_eq(err.code, EPERM);
	err = (struct firn_err){ 0 };
	ck_assert_int_lt(firn_target_open_forced(&target, &yard.host,
						 pid_name(getpid()), &err),
			 0);
	ck_assert_int_eq(err.code, EPERM);
}
END_TEST

/* Each hierarchy by itself: out of v2 only, out of v1 only. */
START_TEST(a_process_that_left_one_hierarchy_has_escaped_from_that)
{
	const struct yard_life life = { .child = true };
	pid_t away = child_of(yard_run(yard_group(ID), OWN, &life));
	char text[16];

	if (yard_mount(0)[0] == '\0' || yard_mount(1)[0] == '\0')
		return;
	snprintf(text, sizeof(text), "%d", away);
	yard_write((unsigned)_i, "/", "cgroup.procs", text);
	opens(ID);
	ck_assert(member(away)->escaped);
	ck_assert_uint_eq(member(away)->out_of,
			  _i == 0 ? FIRN_OUT_OF_V2 : FIRN_OUT_OF_V1);
	ck_assert_uint_eq(member(away)->membership & FIRN_IN_CGROUP,
			  FIRN_IN_CGROUP);
}
END_TEST

START_TEST(a_tool_of_the_host_that_entered_the_pid_namespace_has_joined)
{
	pid_t init = yard_run(yard_group(ID), OWN, NULL);
	const struct yard_life life = { .join = init, .joined = CLONE_NEWPID };
	pid_t tool = yard_run(NULL, 0, &life);

	opens(ID);
	ck_assert_ptr_nonnull(member(tool));
	ck_assert(member(tool)->joined);
	ck_assert(!member(tool)->escaped);
}
END_TEST

START_TEST(a_nested_pid_namespace_outside_the_cgroup_has_escaped)
{
	const struct yard_life life = { .parent = true };
	pid_t away = child_of(yard_run(yard_group(ID), OWN, &life));

	yard_move(away, yard_group("else"));
	opens(ID);
	ck_assert_ptr_nonnull(member(away));
	ck_assert(member(away)->escaped);
	ck_assert((member(away)->membership & FIRN_IN_PIDNS) != 0);
	opens(pid_name(away));
	ck_assert_str_eq(target->id, ID);
}
END_TEST

/* Whose it is can't be told by the name that our own gave to a cgroup. */
START_TEST(a_cgroup_that_is_only_called_like_a_container_hides_nobody)
{
	const struct yard_life life = { .child = true };
	pid_t away = child_of(yard_run(yard_group(ID), OWN, &life));

	yard_move(away, yard_group(ID2));
	opens(ID);
	ck_assert(member(away)->escaped);
	ck_assert(!member(away)->doubtful);
}
END_TEST

START_TEST(a_process_of_the_host_in_the_cgroup_is_foreign)
{
	const char *group = yard_group(ID);
	pid_t init = yard_run(group, OWN, NULL);
	pid_t stranger = yard_run(group, 0, NULL);

	opens(ID);
	ck_assert_int_eq(target->init_pid, init);
	ck_assert_ptr_nonnull(member(stranger));
	ck_assert(member(stranger)->foreign);
	ck_assert(!member(stranger)->escaped);
	ck_assert(!member(init)->foreign);
}
END_TEST

START_TEST(a_tool_that_entered_the_network_alone_has_joined)
{
	const char *group = yard_group(ID);
	pid_t init = yard_run(group, OWN, NULL);
	const struct yard_life life = { .join = init, .joined = CLONE_NEWNET };
	pid_t tool = yard_run(NULL, 0, &life);

	opens(ID);
	ck_assert_ptr_nonnull(member(tool));
	ck_assert(member(tool)->joined);
	ck_assert(!member(tool)->escaped);
	ck_assert_uint_eq(member(tool)->membership, FIRN_IN_NETNS);
}
END_TEST

START_TEST(a_container_that_shares_the_pid_namespace_has_joined)
{
	pid_t init = yard_run(yard_group(ID), OWN, NULL);
	const struct yard_life life = { .join = init, .joined = CLONE_NEWPID };
	pid_t sibling = yard_run(yard_group(ID2), 0, &life);

	opens(ID);
	ck_assert_ptr_nonnull(member(sibling));
	ck_assert(member(sibling)->joined);
	ck_assert(!member(sibling)->escaped);
	opens(ID2);
	ck_assert(member(init)->joined);
}
END_TEST

START_TEST(hiding_in_another_containers_cgroup_is_an_escape)
{
	pid_t init = yard_run(yard_group(ID), OWN, NULL);
	const struct yard_life life = { .join = init, .joined = CLONE_NEWPID };
	const char *other = yard_group(ID2);
	pid_t victim = yard_run(other, OWN, NULL);
	pid_t hidden = yard_run(other, 0, &life);

	opens(ID);
	ck_assert_ptr_nonnull(member(hidden));
	ck_assert(member(hidden)->escaped);
	ck_assert(member(hidden)->doubtful);
	ck_assert_ptr_null(member(victim));
	opens(ID2);
	ck_assert_int_eq(target->init_pid, victim);
	ck_assert(member(hidden)->foreign);
}
END_TEST

START_TEST(a_process_on_its_files_has_escaped)
{
	char folder[PATH_MAX];
	struct yard_life life = { .new_root = folder };
	pid_t init, away;

	snprintf(folder, sizeof(folder), "/tmp/firn-yard-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(folder));
	init = yard_run(yard_group(ID), OWN, &life);
	life = (struct yard_life){ .chroot = folder };
	away = yard_run(NULL, 0, &life);
	opens(ID);
	ck_assert_int_eq(target->init_pid, init);
	ck_assert_ptr_nonnull(member(away));
	ck_assert(member(away)->escaped);
	ck_assert_uint_eq(member(away)->membership, FIRN_ON_ROOTFS);
	yard_kill(away);
	yard_kill(init);
	rmdir(folder);
}
END_TEST

START_TEST(a_scan_finds_what_has_come_since)
{
	const char *group = yard_group(ID);
	pid_t more;

	yard_run(group, OWN, NULL);
	opens(ID);
	ck_assert_uint_eq(target->members.n, 1);
	more = yard_run(group, OWN, NULL);
	ck_ok(firn_target_scan(target, &err));
	ck_assert_uint_eq(target->members.n, 2);
	ck_assert_ptr_nonnull(member(more));
}
END_TEST

START_TEST(a_container_that_nothing_names_is_found_by_process_and_by_cgroup)
{
	const char *group = yard_group("bare");
	const char *inner = yard_group("bare/init.scope");
	pid_t init = yard_run(inner, OWN, NULL);

	opens(group_name(group));
	ck_assert_int_eq(target->init_pid, init);
	/* The process stands deeper; nobody else is above it in there. */
	yard_run(yard_group("neighbour"), OWN, NULL);
	opens(pid_name(init));
	ck_assert_str_eq(target->id, "bare");
	if (target->v2.path != NULL)
		ck_assert_str_eq(target->v2.path, group);
}
END_TEST

START_TEST(a_container_in_the_hosts_pid_namespace_is_its_cgroup)
{
	const char *group = yard_group(ID);
	pid_t init = yard_run(group, CLONE_NEWNS, NULL);
	pid_t second = yard_run(group, CLONE_NEWNS, NULL);

	opens(ID);
	ck_assert_int_eq(target->init_pid, init);
	ck_assert_uint_eq(target->members.n, 2);
	ck_assert(!member(init)->escaped);
	ck_assert_ptr_nonnull(member(second));
}
END_TEST

START_TEST(pid_one_and_the_roots_are_protected)
{
	refuses("pid:1", EPERM, "process 1");
	refuses("cgroup:/", EPERM, "root");
	if (yard.mounts.v2[0] != '\0')
		refuses(group_name(yard.mounts.v2), EPERM, "root");
	if (yard.mounts.freezer[0] != '\0')
		refuses(group_name(yard.mounts.freezer), EPERM, "root");
}
END_TEST

START_TEST(firns_own_cgroup_and_those_above_it_are_protected)
{
	const char *group = yard_group(ID);

	yard_group("ours");
	yard_run(group, OWN, NULL);
	yard_move(getpid(), group);
	refuses(ID, EPERM, "firn itself");
	refuses(group_name(group), EPERM, "firn itself");
	refuses(group_name(yard.base), EPERM, "firn itself");
	yard_move(getpid(), "/");
	opens(ID);
}
END_TEST

START_TEST(a_daemon_that_the_node_needs_is_protected)
{
	static const char *const daemons[] = { "sshd",    "dockerd",
					       "kubelet", "containerd-shim",
					       "conmon",  "systemd" };
	const char *group = yard_group(ID);

	yard_run(group, OWN, NULL);
	for (size_t i = 0; i < sizeof(daemons) / sizeof(daemons[0]); i++) {
		const struct yard_life life = { .comm = daemons[i] };
		pid_t pid = yard_run(group, 0, &life);

		refuses(ID, EPERM, daemons[i]);
		yard_kill(pid);
		opens(ID);
	}
}
END_TEST

START_TEST(a_suspect_is_not_protected_by_calling_itself_sshd)
{
	const struct yard_life life = { .comm = "sshd" };
	pid_t init = yard_run(yard_group(ID), OWN, &life);

	opens(ID);
	ck_assert_int_eq(target->init_pid, init);
}
END_TEST

START_TEST(a_cgroup_above_containers_is_refused_with_their_names)
{
	yard_run(yard_group(ID), OWN, NULL);
	refuses(group_name(yard.base), EPERM, ID);
	yard_run(yard_group(ID2), OWN, NULL);
	refuses(group_name(yard.base), EPERM, ID2);
}
END_TEST

START_TEST(two_containers_in_one_bare_cgroup_are_refused)
{
	const char *group = yard_group("both");

	yard_run(group, OWN, NULL);
	yard_run(group, OWN, NULL);
	refuses(group_name(group), EPERM, "more than one");
}
END_TEST

START_TEST(a_service_of_the_host_is_no_container)
{
	const char *group = yard_group("service");
	pid_t pid = yard_run(group, 0, NULL);

	refuses(group_name(group), EPERM, "host's own namespaces");
	refuses(pid_name(pid), EPERM, "host's own namespaces");
	yard_run(group, OWN, NULL);
	refuses(group_name(group), EPERM, "host's own namespaces");
}
END_TEST

START_TEST(a_process_without_a_cgroup_is_refused)
{
	pid_t pid = yard_run(NULL, OWN, NULL);

	refuses(pid_name(pid), EPERM, "no control group");
}
END_TEST

START_TEST(two_cgroups_of_one_id_are_refused)
{
	yard_run(yard_group(ID), OWN, NULL);
	yard_group("evil");
	yard_run(yard_group(inside("evil", ID)), OWN, NULL);
	refuses(ID, EPERM, "two control groups");
}
END_TEST

START_TEST(a_prefix_of_two_is_refused_with_both)
{
	yard_run(yard_group(ID), OWN, NULL);
	yard_run(yard_group(ID2), OWN, NULL);
	refuses(with("", ID, 8), EEXIST, ID);
	refuses(with("", ID, 8), EEXIST, ID2);
	opens(with("", ID, 9));
}
END_TEST

START_TEST(a_container_that_ended_is_no_container)
{
	const char *group = yard_group(ID);
	pid_t init = yard_run(group, OWN, NULL);

	opens(ID);
	yard_kill(init);
	refuses(ID, ESRCH, "no container");
	refuses(pid_name(init), ESRCH, "no process");
	refuses(group_name(group), ESRCH, "no process");
	refuses("cgroup:/firn-yard-none", ESRCH, "no process");
}
END_TEST

START_TEST(a_prefix_from_a_machine_has_twelve_digits_and_from_a_person_three)
{
	yard_run(yard_group(ID), OWN, NULL);
	refuses(with("", ID, 2), ESRCH, "no container");
	refuses(with("docker://", ID, 11), ESRCH, "no container");
	opens(with("docker://", ID, 12));
	opens(with("", ID, 9));
}
END_TEST

/* What the files of all groups of the yard say. */
static void
say_all(char *ret, size_t size)
{
	static const char *const files[] = { "cgroup.freeze", "freezer.state",
					     "cgroup.procs" };
	size_t len = 0;

	for (size_t i = 0; i < yard.n_groups; i++) {
		for (unsigned k = 0; k < 6; k++) {
			char path[5000];
			ssize_t n;
			int fd;

			snprintf(path, sizeof(path), "%s%s/%s",
				 yard_mount(k / 3), yard.groups[i],
				 files[k % 3]);
			fd = open(path, O_RDONLY | O_CLOEXEC);
			if (fd < 0)
				continue;
			n = read(fd, ret + len, size - len - 1);
			if (n > 0)
				len += (size_t)n;
			close(fd);
		}
	}
	ret[len] = '\0';
}

START_TEST(no_name_leads_to_a_write)
{
	static const char *const names[] = {
		"",         ".",        "/",     "..",
		"../x",     "cgroup:/", "pid:1", "cgroup:/..",
		"cgroup:x", "pid:0",    "fe",    "cgroup:/firn-yard-none",
	};
	static char before[65536], after[65536];

	yard_run(yard_group(ID), OWN, NULL);
	yard_run(yard_group(ID2), OWN, NULL);
	say_all(before, sizeof(before));
	ck_assert_str_ne(before, "");
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		ck_assert_msg(open_target(names[i]) < 0, "%s", names[i]);
		ck_assert(firn_target_refused(&err));
	}
	for (int digits = 1; digits <= 64; digits++)
		ck_assert_int_eq(open_target(with("", ID, digits)) == 0,
				 digits > 8 && digits != 63);
	say_all(after, sizeof(after));
	ck_assert_str_eq(before, after);
}
END_TEST

START_TEST(a_list_has_it_with_its_state)
{
	const char *group = yard_group(ID);
	json_t *all = NULL, *one;
	bool v2 = yard.mounts.v2[0] != '\0';
	const char *state = NULL;
	size_t i;

	yard_run(group, OWN, NULL);
	yard_write(v2 ? 0 : 1, group, v2 ? "cgroup.freeze" : "freezer.state",
		   v2 ? "1" : "FROZEN");
	usleep(100000);
	ck_ok(firn_targets(&yard.host, &all, &err));
	json_array_foreach(all, i, one)
		if (strcmp(firn_json_string(one, "id", NULL), ID) == 0)
			state = firn_json_string(one, "state", NULL);
	ck_assert_ptr_nonnull(state);
	ck_assert_str_eq(state, "frozen");
	json_decref(all);
	/* Frozen, it can be looked at all the same. */
	opens(ID);
	yard_write(v2 ? 0 : 1, group, v2 ? "cgroup.freeze" : "freezer.state",
		   v2 ? "0" : "THAWED");
}
END_TEST

START_TEST(the_json_says_who_it_is)
{
	pid_t init = yard_run(yard_group(ID), OWN, NULL);
	json_t *json;

	opens(ID);
	json = firn_target_json(target);
	ck_assert_str_eq(firn_json_string(json, "id", NULL), ID);
	ck_assert_str_eq(firn_json_string(json, "runtime", NULL), "unknown");
	ck_assert_int_eq(json_integer_value(firn_json_at(json, "pid", NULL)),
			 init);
	ck_assert_uint_eq(json_array_size(
				  firn_json_at(json, "processes", "own", NULL)),
			  1);
	json_decref(json);
}
END_TEST

static void
add_finding(TCase *tests)
{
	tcase_add_test(
		tests,
		a_container_that_only_the_kernel_knows_is_found_by_every_name);
	tcase_add_test(tests, a_group_within_a_containers_own_is_the_container);
	tcase_add_test(
		tests,
		a_container_that_nothing_names_is_found_by_process_and_by_cgroup);
	tcase_add_test(tests,
		       a_container_in_the_hosts_pid_namespace_is_its_cgroup);
	tcase_add_test(tests, a_list_has_it_with_its_state);
	tcase_add_test(tests, the_json_says_who_it_is);
}

static void
add_members(TCase *tests)
{
	tcase_add_test(tests, a_process_that_left_the_cgroup_has_escaped);
	tcase_add_test(tests,
		       an_agent_of_the_nodes_network_is_refused_unless_forced);
	tcase_add_test(tests, a_suspect_that_calls_itself_an_agent_is_taken);
	tcase_add_test(tests, what_must_never_be_touched_can_not_be_forced);
	tcase_add_loop_test(
		tests, a_process_that_left_one_hierarchy_has_escaped_from_that,
		0, 2);
	tcase_add_test(
		tests,
		a_tool_of_the_host_that_entered_the_pid_namespace_has_joined);
	tcase_add_test(
		tests,
		a_cgroup_that_is_only_called_like_a_container_hides_nobody);
	tcase_add_test(tests,
		       a_nested_pid_namespace_outside_the_cgroup_has_escaped);
	tcase_add_test(tests, a_process_of_the_host_in_the_cgroup_is_foreign);
	tcase_add_test(tests, a_tool_that_entered_the_network_alone_has_joined);
	tcase_add_test(tests,
		       a_container_that_shares_the_pid_namespace_has_joined);
	tcase_add_test(tests, hiding_in_another_containers_cgroup_is_an_escape);
	tcase_add_test(tests, a_process_on_its_files_has_escaped);
	tcase_add_test(tests, a_scan_finds_what_has_come_since);
}

static void
add_refusals(TCase *tests)
{
	tcase_add_test(tests, pid_one_and_the_roots_are_protected);
	tcase_add_test(tests,
		       firns_own_cgroup_and_those_above_it_are_protected);
	tcase_add_test(tests, a_daemon_that_the_node_needs_is_protected);
	tcase_add_test(tests,
		       a_suspect_is_not_protected_by_calling_itself_sshd);
	tcase_add_test(tests,
		       a_cgroup_above_containers_is_refused_with_their_names);
	tcase_add_test(tests, two_containers_in_one_bare_cgroup_are_refused);
	tcase_add_test(tests, a_service_of_the_host_is_no_container);
	tcase_add_test(tests, a_process_without_a_cgroup_is_refused);
	tcase_add_test(tests, two_cgroups_of_one_id_are_refused);
	tcase_add_test(tests, a_prefix_of_two_is_refused_with_both);
	tcase_add_test(tests, a_container_that_ended_is_no_container);
	tcase_add_test(
		tests,
		a_prefix_from_a_machine_has_twelve_digits_and_from_a_person_three);
	tcase_add_test(tests, no_name_leads_to_a_write);
}

int
main(void)
{
	Suite *suite = suite_create("target");
	TCase *cases[] = { tcase_create("finding"), tcase_create("members"),
			   tcase_create("refusals") };
	int status;

	if (!yard_can()) {
		puts("skipped: needs root and a cgroup hierarchy with a "
		     "freezer");
		return 77;
	}
	for (size_t i = 0; i < 3; i++) {
		tcase_add_checked_fixture(cases[i], setup, teardown);
		tcase_set_timeout(cases[i], 60);
		suite_add_tcase(suite, cases[i]);
	}
	add_finding(cases[0]);
	add_members(cases[1]);
	add_refusals(cases[2]);
	status = run_suite(suite);
	yard_sweep();
	return status;
}
