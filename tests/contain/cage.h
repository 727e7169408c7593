#ifndef TESTS_CONTAIN_CAGE_H
#define TESTS_CONTAIN_CAGE_H

/*
 * cage -- real cgroups with real tasks in them, and a target made of them.
 *
 * Each cage is a folder in the hierarchies that a test asks for, found by
 * mountinfo, with the name of the test process in its own; all that runs in it
 * is ended and all folders are removed by cage_remove().
 */

#include "check.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/io.h"
#include "firn/host.h"
#include "firn/target.h"
#include "host/cgroup.h"

enum {
	CAGE_V2 = 1,
	CAGE_V1 = 2,
	CAGE_BOTH = 3
};

/* What tasks write and tests read. */
struct cage_shared {
	_Atomic uint64_t beats[8];
	_Atomic int ready;
};

struct cage {
	struct firn_host host;
	struct firn_cgroup_mounts mounts;
	unsigned kinds; /* CAGE_V2 | CAGE_V1 */
	char name[96];  /* within the hierarchy, "/firn-cage-17" */
	struct cage_shared *shared;
	struct firn_target target;
};

static struct firn_err cage_err;

static inline bool
cage_can(unsigned kinds)
{
	struct firn_host host = { 0 };
	struct firn_cgroup_mounts mounts = { 0 };
	bool can;

	if (geteuid() != 0 || firn_host_open(&host, "/", &cage_err) < 0)
		return false;
	can = firn_cgroup_mounts(&host, &mounts, &cage_err) == 0 &&
	      ((kinds & CAGE_V2) == 0 || mounts.v2[0] != '\0') &&
	      ((kinds & CAGE_V1) == 0 || mounts.freezer[0] != '\0');
	firn_host_close(&host);
	return can;
}

/* The folder of the cage, or of one in it, on the host. */
static inline void
cage_folder(const struct cage *cage, unsigned kind, const char *sub,
	    char ret[PATH_MAX])
{
	snprintf(ret, PATH_MAX, "%.1900s%s%.1900s",
		 kind == CAGE_V2 ? cage->mounts.v2 : cage->mounts.freezer,
		 cage->name, sub);
}

static inline void
cage_write(const struct cage *cage, unsigned kind, const char *sub,
	   const char *file, const char *text)
{
	char path[PATH_MAX];
	struct firn_err err = { 0 };
	int fd;

	cage_folder(cage, kind, sub, path);
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	ck_assert_msg(fd >= 0, "open %s: %s", path, strerror(errno));
	ck_ok(firn_write_at(fd, file, text, &err));
	close(fd);
}

static inline char *
cage_read(const struct cage *cage, unsigned kind, const char *sub,
	  const char *file)
{
	char path[PATH_MAX];
	struct firn_err err = { 0 };
	char *text = NULL;
	size_t used;

	cage_folder(cage, kind, sub, path);
	used = strlen(path);
	snprintf(path + used, sizeof(path) - used, "/%s", file);
	ck_ok(firn_read_at(AT_FDCWD, path, 1 << 20, &text, NULL, &err));
	return text;
}

/* Was this cgroup itself asked to freeze? */
static inline bool
cage_is_asked(const struct cage *cage, unsigned kind, const char *sub)
{
	autofree char *text =
		cage_read(cage, kind, sub,
			  kind == CAGE_V2 ? "cgroup.freeze"
					  : "freezer.self_freezing");

	return text[0] == '1';
}

static inline void
cage_ask(const struct cage *cage, unsigned kind, const char *sub, bool freeze)
{
	if (kind == CAGE_V2)
		cage_write(cage, kind, sub, "cgroup.freeze",
			   freeze ? "1" : "0");
	else
		cage_write(cage, kind, sub, "freezer.state",
			   freeze ? "FROZEN" : "THAWED");
}

static inline void
cage_nest(const struct cage *cage, const char *sub)
{
	for (unsigned kind = CAGE_V2; kind <= CAGE_V1; kind++) {
		char path[PATH_MAX];

		cage_folder(cage, kind, sub, path);
		if ((cage->kinds & kind) != 0)
			ck_assert_msg(mkdir(path, 0755) == 0, "make %s: %s",
				      path, strerror(errno));
	}
}

static inline void
cage_hold(const struct cage *cage, unsigned kind, const char *sub,
	  struct firn_cgroup *ret)
{
	char path[PATH_MAX];
	struct stat st;

	cage_folder(cage, kind, sub, path);
	ret->dir_fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	ck_assert_int_ge(ret->dir_fd, 0);
	ck_assert_int_eq(fstat(ret->dir_fd, &st), 0);
	ret->inode = st.st_ino;
	ret->folder = strdup(path);
	ck_assert_int_gt(asprintf(&ret->path, "%s%s", cage->name, sub), 0);
}

/* A target of the cage, or of one in it. */
static inline void
cage_target(struct cage *cage, const char *sub)
{
	cage->target.host = &cage->host;
	cage->target.v2.dir_fd = cage->target.freezer.dir_fd = -1;
	cage->target.init_pidfd = -1;
	cage->target.id = strdup("cage");
	if ((cage->kinds & CAGE_V2) != 0)
		cage_hold(cage, CAGE_V2, sub, &cage->target.v2);
	if ((cage->kinds & CAGE_V1) != 0)
		cage_hold(cage, CAGE_V1, sub, &cage->target.freezer);
}

static inline void
cage_make(struct cage *cage, unsigned kinds)
{
	struct firn_err err = { 0 };

	*cage = (struct cage){ .kinds = kinds };
	ck_ok(firn_host_open(&cage->host, "/", &err));
	ck_ok(firn_cgroup_mounts(&cage->host, &cage->mounts, &err));
	snprintf(cage->name, sizeof(cage->name), "/firn-cage-%d", getpid());
	cage->shared = mmap(NULL, sizeof(*cage->shared), PROT_READ | PROT_WRITE,
			    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ck_assert_ptr_ne(cage->shared, MAP_FAILED);
	cage_nest(cage, "");
}

/* Put the calling process there. */
static inline void
cage_enter(const struct cage *cage, const char *sub)
{
	for (unsigned kind = CAGE_V2; kind <= CAGE_V1; kind++)
		if ((cage->kinds & kind) != 0)
			cage_write(cage, kind, sub, "cgroup.procs", "0");
}

/* Beat until killed, at most for a minute. */
static inline void
cage_beat(const struct cage *cage, unsigned i)
{
	for (unsigned k = 0; k < 60000; k++) {
		cage->shared->beats[i]++;
		usleep(1000);
	}
}

static inline void
cage_beat_0(struct cage *cage)
{
	cage_beat(cage, 0);
}

static inline void
cage_beat_1(struct cage *cage)
{
	cage_beat(cage, 1);
}

/* Run something in the cage; returns once it's in there. */
static inline pid_t
cage_run(struct cage *cage, const char *sub, void (*run)(struct cage *))
{
	int ready = cage->shared->ready;
	pid_t pid = fork();

	ck_assert_int_ge(pid, 0);
	if (pid == 0) {
		cage_enter(cage, sub);
		cage->shared->ready++;
		run(cage);
		_exit(0);
	}
	while (cage->shared->ready == ready)
		usleep(100);
	return pid;
}

/* Does it run?  Waits up to two seconds to see a beat. */
static inline bool
cage_runs(const struct cage *cage, unsigned i)
{
	uint64_t before = cage->shared->beats[i];

	for (unsigned k = 0; k < 2000; k++) {
		if (cage->shared->beats[i] != before)
			return true;
		usleep(1000);
	}
	return false;
}

/* Does it stand still, for 50 ms? */
static inline bool
cage_stands(const struct cage *cage, unsigned i)
{
	uint64_t before = cage->shared->beats[i];

	usleep(50000);
	return cage->shared->beats[i] == before;
}

static inline void
cage_kill_all(const char *folder)
{
	char path[PATH_MAX];
	autofree char *text = NULL;
	struct firn_err err = { 0 };
	char *rest, *line;

	snprintf(path, sizeof(path), "%.4000s/cgroup.procs", folder);
	if (firn_read_at(AT_FDCWD, path, 1 << 20, &text, NULL, &err) < 0)
		return;
	rest = text;
	while ((line = strsep(&rest, "\n")) != NULL && *line != '\0')
		if (atoi(line) > 1)
			kill(atoi(line), SIGKILL);
}

enum cage_step {
	CAGE_THAW,
	CAGE_KILL,
	CAGE_REMOVE
};

/* Do that to a folder and to what is below; innermost first. */
static inline void
cage_clear(const char *folder, enum cage_step step)
{
	static const char *const thaw[][2] = { { "freezer.state", "THAWED" },
					       { "cgroup.freeze", "0" } };
	int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct firn_err err = { 0 };
	struct dirent *entry;
	DIR *dir;

	if (fd < 0)
		return;
	for (size_t i = 0; i < 2 && step == CAGE_THAW; i++)
		if (firn_write_at(fd, thaw[i][0], thaw[i][1], &err) < 0)
			continue;
	dir = fdopendir(fd);
	while ((entry = readdir(dir)) != NULL) {
		char below[PATH_MAX];

		if (entry->d_type != DT_DIR || entry->d_name[0] == '.')
			continue;
		snprintf(below, sizeof(below), "%.3000s/%s", folder,
			 entry->d_name);
		cage_clear(below, step);
	}
	closedir(dir);
	if (step != CAGE_THAW)
		cage_kill_all(folder);
	for (unsigned k = 0;
	     step == CAGE_REMOVE && k < 5000 && rmdir(folder) < 0; k++) {
		cage_kill_all(folder);
		while (waitpid(-1, NULL, WNOHANG) > 0)
			;
		usleep(1000);
	}
}

static inline void
cage_let_go(struct firn_cgroup *cgroup)
{
	if (cgroup->dir_fd > 0)
		close(cgroup->dir_fd);
	free(cgroup->path);
	free(cgroup->folder);
	*cgroup = (struct firn_cgroup){ .dir_fd = -1 };
}

static inline void
cage_remove(struct cage *cage)
{
	/* Thaw all first: a task may be held in two places. */
	for (enum cage_step step = CAGE_THAW; step <= CAGE_REMOVE; step++)
		for (unsigned kind = CAGE_V2; kind <= CAGE_V1; kind++) {
			char path[PATH_MAX];

			cage_folder(cage, kind, "", path);
			if ((cage->kinds & kind) != 0)
				cage_clear(path, step);
		}
	cage_let_go(&cage->target.v2);
	cage_let_go(&cage->target.freezer);
	free(cage->target.id);
	free(cage->target.members.items);
	munmap(cage->shared, sizeof(*cage->shared));
	firn_host_close(&cage->host);
}

#endif
