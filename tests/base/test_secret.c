#include "base/secret.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <jansson.h>

#include "base/auto.h"
#include "check.h"

static struct firn_err err;

/* A value that stands nowhere else: not in our own text, nor on the stack that
 * a test looks at. */
static void
make_value(char *ret, size_t len)
{
	for (size_t i = 0; i < len; i++)
		ret[i] = (char)('A' + (i * 7 + 3) % 26);
}

static void
put_value(struct firn_secret *secret, size_t len)
{
	ck_ok(firn_secret_room(secret, len, &err));
	make_value(secret->data, len);
	secret->len = len;
}

/* What the kernel says of the mapping: "VmFlags: rd wr mr mw me lo dd ..." */
static bool
has_flag(const void *at, const char *flag)
{
	FILE *maps = fopen("/proc/self/smaps", "re");
	unsigned long from, to;
	char line[512];
	bool here = false, found = false;

	ck_assert_ptr_nonnull(maps);
	while (fgets(line, sizeof(line), maps) != NULL) {
		if (sscanf(line, "%lx-%lx ", &from, &to) == 2)
			here = from <= (unsigned long)at &&
			       (unsigned long)at < to;
		else if (here && strncmp(line, "VmFlags:", 8) == 0)
			found = strstr(line, flag) != NULL;
	}
	fclose(maps);
	return found;
}

START_TEST(it_holds_what_was_put_in_however_much)
{
	autosecret struct firn_secret secret = { 0 };
	char piece[1000];

	make_value(piece, sizeof(piece));
	for (size_t i = 0; i < 100; i++)
		ck_ok(firn_secret_add(&secret, piece, sizeof(piece), &err));
	ck_assert_uint_eq(secret.len, 100 * sizeof(piece));
	for (size_t i = 0; i < 100; i++)
		ck_assert_mem_eq(secret.data + i * sizeof(piece), piece,
				 sizeof(piece));
	ck_assert_int_eq(secret.data[secret.len], '\0');
}
END_TEST

START_TEST(it_is_locked_and_left_out_of_dumps)
{
	autosecret struct firn_secret secret = { 0 };

	put_value(&secret, 40000);
	ck_assert(has_flag(secret.data, " dd"));
	ck_assert(has_flag(secret.data, " wf"));
#ifndef __SANITIZE_ADDRESS__ /* its mlock(2) does nothing */
	ck_assert(secret.swappable || has_flag(secret.data, " lo"));
#endif
}
END_TEST

START_TEST(a_child_sees_nothing_of_it)
{
	autosecret struct firn_secret secret = { 0 };
	int status;
	pid_t pid;

	put_value(&secret, 64);
	pid = fork();
	ck_assert_int_ge(pid, 0);
	if (pid == 0) {
		for (size_t i = 0; i < 64; i++)
			if (secret.data[i] != '\0')
				_exit(1);
		_exit(0);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(status, 0);
	ck_assert_int_eq(secret.data[0], 'A' + 3);
}
END_TEST

START_TEST(a_whole_file_is_read_and_a_larger_one_refused)
{
	autosecret struct firn_secret secret = { 0 }, small = { 0 };
	autoclose int fd = memfd_create("whole", MFD_CLOEXEC);
	char piece[3000];

	make_value(piece, sizeof(piece));
	for (size_t i = 0; i < 20; i++)
		ck_assert_int_eq(write(fd, piece, sizeof(piece)),
				 sizeof(piece));
	ck_assert_int_eq(lseek(fd, 0, SEEK_SET), 0);
	ck_ok(firn_secret_read_fd(&secret, fd, "it", 60000, &err));
	ck_assert_int_eq(lseek(fd, 0, SEEK_SET), 0);
	ck_fails(firn_secret_read_fd(&small, fd, "it", 59999, &err), EFBIG);
	ck_assert_uint_eq(secret.len, 20 * sizeof(piece));
	ck_assert_mem_eq(secret.data + 19 * sizeof(piece), piece,
			 sizeof(piece));
	ck_fails(firn_secret_read_at(&secret, AT_FDCWD, "/no/such", 10, &err),
		 ENOENT);
}
END_TEST

/* As it stands in memory, whoever owns that now. */
static void
peek(int mem_fd, uintptr_t at, char *ret, size_t len)
{
	memset(ret, 0, len);
	(void)!pread(mem_fd, ret, len, (off_t)at);
}

START_TEST(what_json_held_is_wiped)
{
	autoclose int mem_fd = open("/proc/self/mem", O_RDONLY | O_CLOEXEC);
	char value[200], there[200];
	size_t same = 0;
	uintptr_t held;
	json_t *json;

	ck_assert_int_ge(mem_fd, 0);
	firn_secret_process();
	make_value(value, sizeof(value));
	json = json_stringn(value, sizeof(value));
	ck_assert_ptr_nonnull(json);
	held = (uintptr_t)json_string_value(json);
	peek(mem_fd, held, there, sizeof(there));
	ck_assert_mem_eq(there, value, sizeof(value));
	json_decref(json);
	peek(mem_fd, held, there, sizeof(there));
	/* The allocator may have written into it, by chance the same. */
	for (size_t i = 0; i < sizeof(value); i++)
		same += there[i] == value[i];
	ck_assert_uint_lt(same, 20);
}
END_TEST

START_TEST(the_process_leaves_no_core)
{
	struct rlimit limit;

	firn_secret_process();
	ck_assert_int_eq(prctl(PR_GET_DUMPABLE), 0);
	ck_assert_int_eq(getrlimit(RLIMIT_CORE, &limit), 0);
	ck_assert_uint_eq(limit.rlim_cur, 0);
	ck_assert_uint_eq(limit.rlim_max, 0);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("secret");
	TCase *tcase = tcase_create("secret");

	tcase_add_test(tcase, it_holds_what_was_put_in_however_much);
	tcase_add_test(tcase, it_is_locked_and_left_out_of_dumps);
	tcase_add_test(tcase, a_child_sees_nothing_of_it);
	tcase_add_test(tcase, a_whole_file_is_read_and_a_larger_one_refused);
	tcase_add_test(tcase, what_json_held_is_wiped);
	tcase_add_test(tcase, the_process_leaves_no_core);
	suite_add_tcase(suite, tcase);
	return run_suite(suite);
}
