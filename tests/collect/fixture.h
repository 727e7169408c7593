#ifndef TESTS_COLLECT_FIXTURE_H
#define TESTS_COLLECT_FIXTURE_H

/*
 * fixture -- a target made by hand of real processes, and an archive that
 * stock tar unpacks.
 *
 * Each test has a folder of its own, where it is.  What it starts dies with it.
 */

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/io.h"
#include "base/json.h"
#include "check.h"
#include "collect/collectors.h"
#include "firn/archive.h"
#include "firn/collect.h"
#include "firn/reader.h"
#include "firn/target.h"
#include "host/proc.h"

static struct firn_err err;
static struct firn_host host;
static struct firn_target target;
static struct firn_archive *archive;
static struct firn_key *key;
static struct firn_sealed sealed;
static char folder[64];
static pid_t suspects[4096];
static size_t n_suspects;
static int ready_pipe[2];

static inline void
setup(void)
{
	struct firn_archive_options options = { .path = "case.firn.tar.zst",
						.case_id = "CASE" };

	snprintf(folder, sizeof(folder), "/var/tmp/firn-processes-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(folder));
	ck_assert_int_eq(chdir(folder), 0);
	ck_ok(firn_key_make(&key, "key", &err));
	options.key = key;
	ck_ok(firn_archive_create(&archive, &options, &err));
	ck_ok(firn_host_open(&host, "/", &err));
	target = (struct firn_target){
		.host = &host,
		.init_pidfd = -1,
		.v2 = { .dir_fd = -1 },
		.freezer = { .dir_fd = -1 },
	};
	n_suspects = 0;
}

static inline void
teardown(void)
{
	char command[96];

	for (size_t i = 0; i < n_suspects; i++)
		kill(suspects[i], SIGKILL);
	for (size_t i = 0; i < n_suspects; i++)
		waitpid(suspects[i], NULL, 0);
	firn_archive_close(&archive);
	firn_key_close(&key);
	firn_host_close(&host);
	free(target.members.items);
	ck_assert_int_eq(chdir("/"), 0);
	snprintf(command, sizeof(command), "rm -rf %s", folder);
	ck_assert_int_eq(system(command), 0);
}

/* Said by a suspect when it has done what it's for. */
static inline void
ready(void)
{
	/* Not by ck_assert(), which writes to a descriptor of its own. */
	if (write(ready_pipe[1], "r", 1) != 1)
		_exit(1);
	for (;;)
		pause();
}

/* It has said that it's ready; wait until it sleeps. */
static inline void
let_it_rest(pid_t pid)
{
	struct firn_proc_stat stat = { .state = 'R' };

	for (int i = 0; i < 5000 && stat.state == 'R'; i++) {
		ck_ok(firn_proc_stat(&host, pid, &stat, &err));
		usleep(200);
	}
}

static inline void
add_member(pid_t pid)
{
	struct firn_members *members = &target.members;
	struct firn_proc_stat stat;

	ck_ok(firn_proc_stat(&host, pid, &stat, &err));
	members->items = realloc(members->items,
				 (members->n + 1) * sizeof(*members->items));
	ck_assert_ptr_nonnull(members->items);
	members->items[members->n++] = (struct firn_member){
		.pid = pid,
		.start_ticks = stat.start_ticks,
		.membership = FIRN_IN_CGROUP,
	};
}

/* Start a process that runs `run`, wait until it's ready() or has executed
 * something else, and make it a member of the target. */
static inline pid_t
suspect(void (*run)(void))
{
	char byte;
	pid_t pid;

	ck_assert_int_eq(pipe2(ready_pipe, O_CLOEXEC), 0);
	pid = fork();
	ck_assert_int_ge(pid, 0);
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		/* What firn itself holds is no evidence. */
		dup2(ready_pipe[1], 3);
		close_range(4, ~0U, 0);
		ready_pipe[1] = 3;
		fcntl(3, F_SETFD, FD_CLOEXEC);
		run();
		_exit(1);
	}
	suspects[n_suspects++] = pid;
	close(ready_pipe[1]);
	ck_assert_int_ge(read(ready_pipe[0], &byte, 1), 0);
	close(ready_pipe[0]);
	ck_assert_int_eq(waitpid(pid, NULL, WNOHANG), 0);
	let_it_rest(pid);
	add_member(pid);
	return pid;
}

static inline void
run(const char *command)
{
	ck_assert_msg(system(command) == 0, "%s", command);
}

/* Is what firn_reader() gives of a member what tar unpacked? */
static inline void
compare_member(struct firn_reader *reader, const char *path, uint64_t size)
{
	static char read_back[65536], unpacked[65536];
	uint64_t done = 0;
	char name[300];
	ssize_t n;
	int fd;

	snprintf(name, sizeof(name), "CASE/%s", path);
	fd = open(name, O_RDONLY | O_CLOEXEC);
	ck_assert_msg(fd >= 0, "%s", name);
	while ((n = firn_reader_read(reader, read_back, sizeof(read_back),
				     &err)) > 0) {
		ck_assert_int_eq(firn_read_some(fd, name, unpacked, (size_t)n,
						&err),
				 n);
		ck_assert_msg(memcmp(read_back, unpacked, (size_t)n) == 0, "%s",
			      path);
		done += (uint64_t)n;
	}
	ck_ok(n);
	ck_assert_uint_eq(done, size);
	ck_assert_int_eq(read(fd, unpacked, 1), 0);
	close(fd);
}

static inline void
read_back(void)
{
	int fd = open("case.firn.tar.zst", O_RDONLY | O_CLOEXEC), more;
	struct firn_reader *reader = NULL;
	const char *path;
	uint64_t size;

	ck_assert_int_ge(fd, 0);
	ck_ok(firn_reader_open(&reader, fd, &err));
	while ((more = firn_reader_next(reader, &path, &size, &err)) > 0)
		compare_member(reader, path, size);
	ck_ok(more);
	firn_reader_close(&reader);
	close(fd);
}

/* Collect, seal, unpack with stock tools, check all digests, and see that our
 * own reader reads the same. */
static inline void
capture(const struct firn_collector *collector)
{
	const struct firn_collection what = { 0 };

	ck_ok(collector->collect(&target, &what, archive, &err));
	ck_ok(firn_archive_seal(archive, &sealed, &err));
	firn_archive_close(&archive);
	run("tar --zstd -xf case.firn.tar.zst && cd CASE && "
	    "sha256sum --quiet -c manifest-sha256.txt");
	read_back();
}

static inline json_t *
load(const char *path)
{
	autofree char *text = NULL;
	json_t *json = NULL;
	size_t len;

	ck_ok(firn_read_at(AT_FDCWD, path, 64 << 20, &text, &len, &err));
	ck_ok(firn_json_parse(text, len, path, &json, &err));
	return json;
}

/* The line of a process in processes.jsonl. */
static inline json_t *
line_of(pid_t pid)
{
	FILE *lines = fopen("CASE/data/processes/processes.jsonl", "r");
	autofree char *line = NULL;
	json_t *found = NULL;
	size_t size = 0;
	ssize_t len;

	ck_assert_ptr_nonnull(lines);
	while (found == NULL && (len = getline(&line, &size, lines)) > 0) {
		json_t *json = NULL;

		ck_ok(firn_json_parse(line, (size_t)len, "line", &json, &err));
		if (json_integer_value(json_object_get(json, "pid")) == pid)
			found = json;
		else
			json_decref(json);
	}
	fclose(lines);
	ck_assert_msg(found != NULL, "no line for %d", pid);
	return found;
}

static inline bool
has_finding(const json_t *line, const char *name)
{
	size_t i;
	json_t *finding;

	json_array_foreach(json_object_get(line, "findings"), i, finding) {
		if (strcmp(json_string_value(finding), name) == 0)
			return true;
	}
	return false;
}

#define ck_finding(line, name) \
	ck_assert_msg(has_finding(line, name), "no finding " name)
#define ck_no_finding(line, name) \
	ck_assert_msg(!has_finding(line, name), "finding " name)

/* Is the file the same as a member, which JSON names? */
static inline void
same_as_member(const char *file, const json_t *member)
{
	char command[256];

	ck_assert_ptr_nonnull(json_string_value(member));
	snprintf(command, sizeof(command), "cmp %s CASE/%s", file,
		 json_string_value(member));
	run(command);
}

/* How many gaps of a collector have this text in what or why. */
static inline int
gaps_with(const char *text)
{
	FILE *lines = fopen("CASE/data/gaps.jsonl", "r");
	autofree char *line = NULL;
	size_t size = 0;
	int n = 0;

	if (lines == NULL)
		return 0;
	while (getline(&line, &size, lines) > 0)
		n += strstr(line, text) != NULL;
	fclose(lines);
	return n;
}

static inline Suite *
suite_of(const char *name, const TTest *const *tests, size_t n)
{
	Suite *suite = suite_create(name);
	TCase *tcase = tcase_create(name);

	tcase_set_timeout(tcase, 120);
	tcase_add_checked_fixture(tcase, setup, teardown);
	for (size_t i = 0; i < n; i++)
		tcase_add_test(tcase, tests[i]);
	suite_add_tcase(suite, tcase);
	return suite;
}

#endif
