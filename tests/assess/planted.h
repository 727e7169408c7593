#ifndef TESTS_ASSESS_PLANTED_H
#define TESTS_ASSESS_PLANTED_H

/*
 * planted -- a process with secrets in its environment, on its command line
 * and in the files of its root, none of which opens anything.
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
#include "firn/secrets.h"

/* None of these may ever come out. */
#define SHARED "firn-fake-shared-pw"
#define HOSTILE "firn-fake-hostile-value"
#define SPOKEN "firn-fake-spoken-pw"
#define ARGUMENT "hf_firnFakeFirnFakeFirnFakeFirnFakeFi"
#define SHELL_USER "firn-fake-curl-pw"
#define SHELL_TOKEN "firn-fake-shell-token"
#define MOUNTED "firn-fake-mounted-value"
#define PROJECTED                                                         \
	"eyJhbGciOiJub25lIn0."                                            \
	"eyJpc3MiOiJmaXJuLWZha2UiLCJzdWIiOiJmYWtlLXN1YiIsImF1ZCI6WyJmYWt" \
	"lLWF1ZCJdLCJleHAiOjIwMDAwMDAwMDB9.firnFakeFirnFakeFirnFake"
/* What is behind an OpenSSH key's magic. */
#define PEM_MAGIC "b3BlbnNzaC1rZXktdjEA"
#define PEM_BODY                                                       \
	"ZmlybiBmYWtlIGZpcm4gZmFrZSBmaXJuIGZha2UgZmlybiBmYWtlIGZpcm4g" \
	"ZmFrZSBm"
#define CLOUD "firnFakeFirnFakeFirnFakeFirnFakeFirnFake"
#define OUTSIDE "ZmlybjpmYWtlLW91dHNpZGU="
#define CONFIGURED "firn-fake-configured"

static const char *const planted_values[] = {
	SHARED,  HOSTILE,  SPOKEN, ARGUMENT, SHELL_USER, SHELL_TOKEN,
	MOUNTED, PEM_BODY, CLOUD,  OUTSIDE,  CONFIGURED, PROJECTED,
};
#define N_PLANTED (sizeof(planted_values) / sizeof(planted_values[0]))

static struct firn_err err;
static char folder[64];
static int folder_fd = -1;

static inline void
put_file(const char *path, const char *text)
{
	autofree char *made = strdup(path);
	autoclose int fd = -1;

	for (char *slash = made; (slash = strchr(slash, '/')) != NULL;
	     slash++) {
		*slash = '\0';
		ck_assert(mkdirat(folder_fd, made, 0755) == 0 ||
			  errno == EEXIST);
		*slash = '/';
	}
	fd = openat(folder_fd, path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC,
		    0600);
	ck_assert_msg(fd >= 0, "%s", path);
	ck_ok(firn_write_all(fd, path, text, strlen(text), &err));
}

/* As the kubelet lays a projected volume out. */
static inline void
plant_service_account(void)
{
#define ACCOUNT "run/secrets/kubernetes.io/serviceaccount"
	put_file(ACCOUNT "/..2026_11_24/token", PROJECTED);
	put_file(ACCOUNT "/..2026_11_24/namespace", "default-namespace");
	put_file(ACCOUNT "/..2026_11_24/ca.crt",
		 "-----BEGIN CERTIFICATE-----\nAAAA\n"
		 "-----END CERTIFICATE-----\n");
	ck_assert_int_eq(symlinkat("..2026_11_24", folder_fd,
				   ACCOUNT "/..data"),
			 0);
	ck_assert_int_eq(symlinkat("..data/token", folder_fd, ACCOUNT "/token"),
			 0);
}

static inline void
plant_files(void)
{
	char outside[80];

	plant_service_account();
	put_file("run/secrets/db", MOUNTED "\n");
	put_file("root/.ssh/id_ed25519",
		 "-----BEGIN OPENSSH PRIVATE KEY-----\n" PEM_MAGIC PEM_BODY
		 "\n-----END OPENSSH PRIVATE KEY-----\n");
	put_file("root/.aws/credentials",
		 "[default]\naws_secret_access_key = " CLOUD "\n");
	put_file("home/app/.pgpass", "db:5432:app:app:" SHARED "-2\n");
	ck_assert_int_eq(symlinkat("/etc/hostname", folder_fd,
				   "run/secrets/out"),
			 0);
	/* Nobody writes into it. */
	ck_assert_int_eq(mkfifoat(folder_fd, "root/.netrc", 0600), 0);
	/* Absolute, to a file that is there, but not in this root. */
	snprintf(outside, sizeof(outside), "%s.outside", folder);
	ck_assert_int_eq(mkdirat(folder_fd, "root/.docker", 0700), 0);
	ck_assert_int_eq(symlinkat(outside, folder_fd,
				   "root/.docker/config.json"),
			 0);
}

static inline void
plant_outside(void)
{
	char path[80];
	autoclose int fd = -1;
	static const char text[] =
		"{\"auths\": {\"x\": {\"auth\": \"" OUTSIDE "\"}}}";

	snprintf(path, sizeof(path), "%s.outside", folder);
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	ck_assert_int_ge(fd, 0);
	ck_ok(firn_write_all(fd, path, text, sizeof(text) - 1, &err));
}

/* What main() does when it is the planted process: takes the folder for its
 * root, says so, and waits. */
#define PLANTED "--planted"

static inline _Noreturn void
be_planted(const char *root)
{
	if (chroot(root) < 0 || chdir("/") < 0 ||
	    write(STDOUT_FILENO, "!", 1) != 1)
		_exit(1);
	for (;;)
		pause();
}

static inline pid_t
start_planted(void)
{
	static char self[] = "firn-fake", how[] = PLANTED;
	static char token[] = "--token=" ARGUMENT;
	static char word[] = "--password", spoken[] = SPOKEN;
	static char shell[] = "curl -u app:" SHELL_USER
			      " https://x.example/?ACCESS_TOKEN=" SHELL_TOKEN;
	static char password[] = "POOL_PASSWORD=" SHARED;
	static char url[] = "DATABASE_URL=postgres://app:" SHARED "@db/app";
	static char hostile[] = "A|`<b>[x](y)\n# \x1b[31m_TOKEN=" HOSTILE;
	static char file[] = "QUEUE_PASSWORD_FILE=/run/secrets/db";
	char *const argv[] = { self, how,    folder, token,
			       word, spoken, shell,  NULL };
	char *const env[] = { password, url, hostile, file, NULL };
	pid_t parent = getpid(), pid;
	char byte;
	int ends[2];

	ck_assert_int_eq(pipe2(ends, O_CLOEXEC), 0);
	pid = fork();
	ck_assert_int_ge(pid, 0);
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (getppid() == parent && dup2(ends[1], STDOUT_FILENO) >= 0)
			execve("/proc/self/exe", argv, env);
		_exit(1);
	}
	close(ends[1]);
	ck_assert_int_eq(read(ends[0], &byte, 1), 1);
	close(ends[0]);
	return pid;
}

static inline void
ck_says_no_value(const json_t *checklist)
{
	autofree char *line = firn_json_line(checklist);
	autofree char *markdown = firn_secrets_markdown(checklist);

	ck_assert_ptr_nonnull(line);
	ck_assert_ptr_nonnull(markdown);
	for (size_t i = 0; i < N_PLANTED; i++) {
		ck_assert_msg(strstr(line, planted_values[i]) == NULL,
			      "%s is in the JSON", planted_values[i]);
		ck_assert_msg(strstr(markdown, planted_values[i]) == NULL,
			      "%s is in the Markdown", planted_values[i]);
	}
}

/* The item with a place whose `key` is `text`; NULL if there is none, and the
 * test fails if there are several. */
static inline const json_t *
item_at(const json_t *checklist, const char *key, const char *text)
{
	const json_t *item, *place, *found = NULL;
	size_t i, k;

	json_array_foreach(json_object_get(checklist, "items"), i, item) {
		json_array_foreach(json_object_get(item, "places"), k, place) {
			const char *said = firn_json_string(place, key, NULL);

			if (said == NULL || strcmp(said, text) != 0)
				continue;
			ck_assert_msg(found == NULL || found == item,
				      "%s is in two items", text);
			found = item;
		}
	}
	return found;
}

static inline bool
has_gap(const json_t *checklist, const char *what)
{
	const json_t *gap;
	size_t i;

	json_array_foreach(json_object_get(checklist, "gaps"), i, gap) {
		const char *said = firn_json_string(gap, "what", NULL);

		if (said != NULL && strstr(said, what) != NULL)
			return true;
	}
	return false;
}

static inline const char *
said_of(const json_t *item, const char *key)
{
	const char *text = firn_json_string(item, key, NULL);

	return text != NULL ? text : "";
}

#endif
