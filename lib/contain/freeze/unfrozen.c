#include "contain/freeze/unfrozen.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/auto.h"
#include "base/io.h"
#include "base/json.h"
#include "host/proc.h"

#define BETWEEN_LOOKS_NS 50000000
#define STACK_MAX (64u << 10)

/* One thread, seen once. */
struct look {
	bool there;
	char state;
	bool kernel;
	uint64_t ticks, switches;
	char comm[64];
	size_t comm_len;
	pid_t pid;
	char wchan[128];
};

static uint64_t
number_in(const char *status, const char *key)
{
	char text[32];
	uint64_t value = 0;

	if (firn_proc_status_field(status, key, text, sizeof(text)) < 0 ||
	    !firn_is_decimal(text, &value))
		return 0;
	return value;
}

/* "do_sigtimedwait.isra.0" is do_sigtimedwait to whoever reads the source. */
static void
read_wchan(const struct firn_host *host, pid_t tid, struct look *look)
{
	autofree char *text = NULL;
	struct firn_err ignored = { 0 };
	size_t len;

	if (firn_proc_read(host, tid, "wchan", 4096, &text, NULL, &ignored) < 0)
		return;
	len = strcspn(text, ".\n");
	if (len >= sizeof(look->wchan))
		len = sizeof(look->wchan) - 1;
	memcpy(look->wchan, text, len);
}

/* A thread that ended meanwhile is not there; neither is a zombie. */
static struct look
look_at(const struct firn_host *host, pid_t tid)
{
	autofree char *status = NULL;
	struct firn_proc_stat stat = { 0 };
	struct firn_err ignored = { 0 };
	struct look look = { 0 };

	if (firn_proc_stat(host, tid, &stat, &ignored) < 0 ||
	    strchr("ZXx", stat.state) != NULL ||
	    firn_proc_read(host, tid, "status", FIRN_PROC_MAX, &status, NULL,
			   &ignored) < 0)
		return look;
	look.there = true;
	look.state = stat.state;
	look.kernel = (stat.flags & FIRN_PF_KTHREAD) != 0;
	look.ticks = stat.user_ticks + stat.system_ticks;
	look.switches = number_in(status, "voluntary_ctxt_switches");
	look.pid = (pid_t)number_in(status, "Tgid");
	memcpy(look.comm, stat.comm, sizeof(look.comm));
	look.comm_len = stat.comm_len;
	read_wchan(host, tid, &look);
	return look;
}

static bool
is_one_of(const char *name, const char *const *names)
{
	for (; *names != NULL; names++)
		if (strcmp(name, *names) == 0)
			return true;
	return false;
}

static bool
stands_frozen(const struct look *look)
{
	/* Where both freezers hold a thread; and stops, which they leave be. */
	static const char *const held[] = { "get_signal",     "do_freezer_trap",
					    "__refrigerator", "do_signal_stop",
					    "ptrace_stop",    NULL };
	/*
	 * Since Linux 6.1 v1 freezes a sleeper where it sleeps, if the sleep
	 * is marked TASK_FREEZABLE, and shows it as D: nobody sleeps in these
	 * as D otherwise.  But for vfork(2)'s, which is D anyway, and which
	 * v2 counts as frozen: what it waits for is looked at by itself.
	 */
	static const char *const in_place[] = {
		"hrtimer_nanosleep", "do_nanosleep", "alarmtimer_do_nsleep",
		"futex_do_wait", "futex_wait_queue", "do_sigtimedwait",
		"unix_stream_read_generic", "unix_stream_data_wait",
		"kernel_clone", "wait_for_vfork_done",
		/* as wchan shows __refrigerator on some builds */
		"do_syscall_64", NULL
	};

	if (is_one_of(look->wchan, held))
		return look->state != 'R';
	return look->state == 'D' && is_one_of(look->wchan, in_place);
}

static json_t *
describe(const struct firn_host *host, pid_t tid, const struct look *look,
	 bool ran)
{
	autofree char *stack = NULL;
	struct firn_err ignored = { 0 };
	json_t *thread = json_object();
	const char state[2] = { look->state, '\0' };

	if (thread == NULL)
		return NULL;
	firn_json_uint(thread, "pid", (uint64_t)look->pid);
	firn_json_uint(thread, "tid", (uint64_t)tid);
	firn_json_bytes(thread, "comm", look->comm, look->comm_len);
	firn_json_text(thread, "state", state);
	firn_json_text(thread, "wchan", look->wchan);
	if (firn_proc_read(host, tid, "stack", STACK_MAX, &stack, NULL,
			   &ignored) == 0)
		firn_json_text(thread, "stack", stack);
	else
		firn_json_text(thread, "stack_error", ignored.text);
	json_object_set_new(thread, "ran", json_boolean(ran));
	json_object_set_new(thread, "kernel", json_boolean(look->kernel));
	return thread;
}

static void
pause_between(void)
{
	struct timespec left = { .tv_nsec = BETWEEN_LOOKS_NS };

	while (nanosleep(&left, &left) < 0 && errno == EINTR)
		;
}

int
firn_unfrozen(const struct firn_host *host, const struct firn_tasks *threads,
	      json_t **ret, size_t *ret_n, struct firn_err *err)
{
	autojson json_t *unfrozen = json_array();
	autofree struct look *first = NULL;
	size_t n = 0;

	first = calloc(threads->n + 1, sizeof(*first));
	if (first == NULL || unfrozen == NULL)
		return firn_err_nomem(err);
	for (size_t i = 0; i < threads->n; i++)
		first[i] = look_at(host, threads->items[i]);
	pause_between();
	for (size_t i = 0; i < threads->n; i++) {
		struct look now = look_at(host, threads->items[i]);
		bool ran = !first[i].there || now.ticks != first[i].ticks ||
			   now.switches != first[i].switches;

		if (!now.there ||
		    (!ran && stands_frozen(&now) && stands_frozen(&first[i])))
			continue;
		if (n++ >= FIRN_UNFROZEN_MAX)
			continue;
		if (json_array_append_new(unfrozen,
					  describe(host, threads->items[i],
						   &now, ran)) < 0)
			return firn_err_nomem(err);
	}
	*ret = firn_steal(unfrozen);
	*ret_n = n;
	return 0;
}
