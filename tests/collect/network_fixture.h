#ifndef TESTS_COLLECT_NETWORK_FIXTURE_H
#define TESTS_COLLECT_NETWORK_FIXTURE_H

/*
 * network_fixture -- a target made by hand of real processes in namespaces of
 * their own, and an archive that is read back.
 *
 * Each test has a folder of its own, where it is.  What it starts dies with it.
 */

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
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

#define N_SUSPECTS 8

static struct firn_err err;
static struct firn_host host;
static struct firn_target target;
static struct firn_archive *archive;
static struct firn_key *signer;
static char folder[64];
static pid_t suspects[N_SUSPECTS];
static size_t n_suspects;
static int ready_pipe[2];
static json_t *members; /* of the archive: path to text */
static struct firn_collection what;

/* What suspects tell the test: inodes, ports. */
static struct notes {
	uint64_t inode[16];
	unsigned port[16];
} * notes;

static inline void
setup(void)
{
	struct firn_archive_options options = { .path = "case.firn.tar.zst",
						.case_id = "CASE" };

	snprintf(folder, sizeof(folder), "/var/tmp/firn-network-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(folder));
	ck_assert_int_eq(chdir(folder), 0);
	ck_ok(firn_key_make(&signer, "key", &err));
	options.key = signer;
	ck_ok(firn_archive_create(&archive, &options, &err));
	ck_ok(firn_host_open(&host, "/", &err));
	notes = mmap(NULL, sizeof(*notes), PROT_READ | PROT_WRITE,
		     MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ck_assert_ptr_ne(notes, MAP_FAILED);
	target = (struct firn_target){
		.host = &host,
		.init_pidfd = -1,
		.v2 = { .dir_fd = -1 },
		.freezer = { .dir_fd = -1 },
	};
	n_suspects = 0;
	what = (struct firn_collection){ 0 };
	members = json_object();
}

static inline void
end_suspect(pid_t pid)
{
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

static inline void
teardown(void)
{
	char command[96];

	for (size_t i = 0; i < n_suspects; i++)
		end_suspect(suspects[i]);
	firn_archive_close(&archive);
	firn_key_close(&signer);
	firn_host_close(&host);
	free(target.members.items);
	json_decref(members);
	munmap(notes, sizeof(*notes));
	ck_assert_int_eq(chdir("/"), 0);
	snprintf(command, sizeof(command), "rm -rf %s", folder);
	ck_assert_int_eq(system(command), 0);
}

/* Said by a suspect when it has done what it's for. */
static inline void
ready(void)
{
	if (write(ready_pipe[1], "r", 1) != 1)
		_exit(1);
	for (;;)
		pause();
}

/* In a suspect, where Check's own asserts would be of no use. */
#define must(call)                     \
	do {                           \
		if ((call) < 0) {      \
			perror(#call); \
			_exit(1);      \
		}                      \
	} while (0)

static inline uint64_t
inode_of(int fd)
{
	struct stat st;

	must(fstat(fd, &st));
	return st.st_ino;
}

static inline void
add_member(pid_t pid)
{
	struct firn_members *all = &target.members;
	struct firn_proc_stat stat;

	ck_ok(firn_proc_stat(&host, pid, &stat, &err));
	all->items = realloc(all->items, (all->n + 1) * sizeof(*all->items));
	ck_assert_ptr_nonnull(all->items);
	all->items[all->n++] = (struct firn_member){
		.pid = pid,
		.start_ticks = stat.start_ticks,
		.membership = FIRN_IN_CGROUP,
	};
	if (all->n == 1) {
		target.init_pid = pid;
		ck_ok(firn_proc_namespaces(&host, pid, &target.namespaces,
					   &err));
	}
}

/* Start a process that runs `run` until it's ready(). */
static inline pid_t
start(void (*run)(void))
{
	char byte;
	pid_t pid;

	ck_assert_int_eq(pipe2(ready_pipe, O_CLOEXEC), 0);
	pid = fork();
	ck_assert_int_ge(pid, 0);
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		close(ready_pipe[0]);
		run();
		_exit(1);
	}
	ck_assert_uint_lt(n_suspects, N_SUSPECTS);
	suspects[n_suspects++] = pid;
	close(ready_pipe[1]);
	ck_assert_int_eq(read(ready_pipe[0], &byte, 1), 1);
	close(ready_pipe[0]);
	return pid;
}

static inline pid_t
suspect(void (*run)(void))
{
	pid_t pid = start(run);

	add_member(pid);
	return pid;
}

static inline void
keep_member(struct firn_reader *reader, const char *path, uint64_t size)
{
	autofree char *text = malloc(size + 1), *name = strdup(path);
	size_t have = 0;
	ssize_t n;

	ck_assert_ptr_nonnull(text);
	while ((n = firn_reader_read(reader, text + have, size - have, &err)) >
	       0)
		have += (size_t)n;
	ck_ok(n);
	ck_assert_uint_eq(have, size);
	json_object_set_new(members, name, json_stringn_nocheck(text, have));
}

/* Collect, seal, and read every member back. */
static inline void
capture(void)
{
	struct firn_reader *reader = NULL;
	struct firn_sealed sealed;
	autoclose int fd = -1;
	const char *path;
	uint64_t size;
	int more;

	ck_ok(firn_collect_network.collect(&target, &what, archive, &err));
	ck_ok(firn_archive_seal(archive, &sealed, &err));
	firn_archive_close(&archive);
	fd = open("case.firn.tar.zst", O_RDONLY | O_CLOEXEC);
	ck_assert_int_ge(fd, 0);
	ck_ok(firn_reader_open(&reader, fd, &err));
	while ((more = firn_reader_next(reader, &path, &size, &err)) > 0)
		keep_member(reader, path, size);
	ck_ok(more);
	firn_reader_close(&reader);
}

static inline const char *
text_of(const char *path)
{
	const char *text = json_string_value(json_object_get(members, path));

	ck_assert_msg(text != NULL, "no member %s", path);
	return text;
}

/* A member of JSON lines, as an array. */
static inline json_t *
lines_of(const char *path)
{
	const char *text = text_of(path), *end;
	json_t *lines = json_array();

	for (; (end = strchr(text, '\n')) != NULL; text = end + 1) {
		json_t *line = NULL;

		ck_ok(firn_json_parse(text, (size_t)(end - text), path, &line,
				      &err));
		json_array_append_new(lines, line);
	}
	return lines;
}

/* The lines whose `key` is this number. */
static inline size_t
count_uint(const json_t *lines, const char *key, uint64_t value)
{
	size_t i, n = 0;
	json_t *line;

	json_array_foreach(lines, i, line)
		n += json_object_get(line, key) != NULL &&
		     (uint64_t)json_integer_value(json_object_get(line, key)) ==
			     value;
	return n;
}

/* The only one whose `key` is this number; borrowed. */
static inline json_t *
one_by(const json_t *lines, const char *key, uint64_t value)
{
	size_t i;
	json_t *line = NULL;

	ck_assert_msg(count_uint(lines, key, value) == 1,
		      "%zu lines with %s %llu", count_uint(lines, key, value),
		      key, (unsigned long long)value);
	json_array_foreach(lines, i, line) {
		if (json_object_get(line, key) != NULL &&
		    (uint64_t)json_integer_value(json_object_get(line, key)) ==
			    value)
			break;
	}
	return line;
}

static inline bool
is_owned_by(const json_t *line, pid_t pid)
{
	size_t i;
	json_t *owner;

	json_array_foreach(json_object_get(line, "owners"), i, owner) {
		if (json_integer_value(json_object_get(owner, "pid")) == pid)
			return true;
	}
	return false;
}

#define ck_text(line, expected, ...)                                         \
	do {                                                                 \
		const char *is = firn_json_string(line, __VA_ARGS__, NULL);  \
		ck_assert_msg(is != NULL && strcmp(is, expected) == 0,       \
			      "%s: %s", expected, is != NULL ? is : "none"); \
	} while (0)

#define ck_number(line, expected, ...)                                   \
	ck_assert_int_eq(json_integer_value(                             \
				 firn_json_at(line, __VA_ARGS__, NULL)), \
			 expected)

/* How many gaps have this text. */
static inline int
gaps_with(const char *text)
{
	autojson json_t *lines = lines_of("data/gaps.jsonl");
	size_t i;
	json_t *line;
	int n = 0;

	json_array_foreach(lines, i, line) {
		autofree char *whole = firn_json_line(line);

		n += strstr(whole, text) != NULL;
	}
	return n;
}

#endif
