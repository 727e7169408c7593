#include "courier.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include <curl/curl.h>

#include "base/auto.h"
#include "base/io.h"
#include "base/json.h"
#include "host/accounts.h"
#include "host/become.h"

#if defined(__SANITIZE_ADDRESS__)
#define SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SANITIZED 1
#endif
#endif

#ifdef SANITIZED
/* Who looks for leaks at the end traces this process, which must not be. */
const char *__asan_default_options(void);
const char *
__asan_default_options(void)
{
	return "detect_leaks=0";
}
#endif

/* Not firn's own user, whose letters to the inbox are believed. */
static int
give_up_privileges(struct firn_err *err)
{
	const struct rlimit none = { 0 };
	uid_t uid;
	gid_t gid;

	setrlimit(RLIMIT_CORE, &none);
	if (geteuid() != 0)
		return firn_become(geteuid(), getegid(), err);
	if (firn_account_named("nobody", &uid, &gid, err) < 0 ||
	    firn_become(uid, gid, err) < 0)
		return -1;
	/* Changing the user has undone what our parent had set. */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	return 0;
}

static json_t *
carry(struct firn_err *err)
{
	struct task task = { 0 };
	json_t *answer = NULL;
	int landlock;

	if (task_read(&task, err) == 0 && confine(&task, &landlock, err) == 0) {
		answer = post(&task);
		if (answer == NULL)
			firn_err_nomem(err);
		json_object_set_new(answer, "landlock", json_integer(landlock));
	}
	json_decref(task.json);
	return answer;
}

int
main(void)
{
	autojson json_t *answer = NULL;
	autofree char *line = NULL;
	struct firn_err err = { 0 };

	if (give_up_privileges(&err) < 0) {
		fprintf(stderr, "firn-courier: %s\n", err.text);
		return EXIT_FAILURE;
	}
	if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
		fprintf(stderr, "firn-courier: libcurl doesn't start\n");
		return EXIT_FAILURE;
	}
	answer = carry(&err);
	if (answer == NULL) {
		answer = json_object();
		firn_json_text(answer, "error", err.text);
		json_object_set_new(answer, "final", json_true());
	}
	line = firn_json_line(answer);
	if (line == NULL || firn_write_all(STDOUT_FILENO, "standard output",
					   line, strlen(line), &err) < 0)
		return EXIT_FAILURE;
	return EXIT_SUCCESS;
}
