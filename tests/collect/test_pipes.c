#include "collect/fixture.h"

#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/mman.h>

/* Suspects fill pipes, and find them as they were. */
static struct notes {
	uint64_t inode[4];
	volatile int go, right;
} * notes;

#define must(truth)                     \
	do {                            \
		if (!(truth)) {         \
			perror(#truth); \
			_exit(1);       \
		}                       \
	} while (0)

static uint64_t
inode_of(int fd)
{
	struct stat st;

	must(fstat(fd, &st) == 0);
	return st.st_ino;
}

static void
stand_still(void)
{
	must(write(ready_pipe[1], "r", 1) == 1);
	while (!notes->go)
		usleep(1000);
}

static _Noreturn void
all_is_right(void)
{
	notes->right = 1;
	for (;;)
		pause();
}

static pid_t
start(void (*suspicious)(void))
{
	notes = mmap(NULL, sizeof(*notes), PROT_READ | PROT_WRITE,
		     MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ck_assert_ptr_ne(notes, MAP_FAILED);
	memset(notes, 0, sizeof(*notes));
	return suspect(suspicious);
}

static void
go_on(void)
{
	notes->go = 1;
	for (int i = 0; i < 10000 && !notes->right; i++)
		usleep(1000);
	ck_assert_msg(notes->right, "the suspect did not find it as it was");
}

/* The line of a pipe; NULL if there is none. */
static json_t *
pipe_of(uint64_t inode)
{
	FILE *lines = fopen("CASE/data/processes/pipes.jsonl", "r");
	autofree char *line = NULL;
	json_t *found = NULL;
	size_t size = 0;
	ssize_t len;

	ck_assert_ptr_nonnull(lines);
	while (found == NULL && (len = getline(&line, &size, lines)) > 0) {
		json_t *json = NULL;

		ck_ok(firn_json_parse(line, (size_t)len, "line", &json, &err));
		if ((uint64_t)json_integer_value(
			    json_object_get(json, "inode")) == inode)
			found = json;
		else
			json_decref(json);
	}
	fclose(lines);
	return found;
}

/* Its member has this text, and the digest that its line says. */
static void
ck_content(const json_t *line, const char *text)
{
	const char *member = firn_json_string(line, "member", NULL);
	char command[256];

	ck_assert_ptr_nonnull(member);
	snprintf(command, sizeof(command),
		 "test \"$(cat CASE/%s)\" = '%s' && "
		 "echo '%s  CASE/%s' | sha256sum --quiet -c",
		 member, text, firn_json_string(line, "sha256", NULL), member);
	run(command);
}

static void
fill_pipes(void)
{
	int plain[2], packets[2], full[2], empty[2], pending;
	static char page[4096];
	char text[16];

	must(pipe(plain) == 0 && pipe2(packets, O_DIRECT) == 0 &&
	     pipe(full) == 0 && pipe(empty) == 0);
	must(write(plain[1], "hello ", 6) == 6);
	must(write(plain[1], "world", 5) == 5);
	must(write(packets[1], "one", 3) == 3);
	must(write(packets[1], "three", 5) == 5);
	must(fcntl(full[1], F_SETPIPE_SZ, 1 << 20) == 1 << 20);
	must(fcntl(full[1], F_SETFL, O_NONBLOCK) == 0);
	memset(page, 'x', sizeof(page));
	while (write(full[1], page, sizeof(page)) > 0)
		;
	notes->inode[0] = inode_of(plain[0]);
	notes->inode[1] = inode_of(packets[0]);
	notes->inode[2] = inode_of(full[0]);
	notes->inode[3] = inode_of(empty[0]);
	stand_still();
	must(fcntl(plain[0], F_GETFL) == O_RDONLY);
	must(ioctl(full[0], FIONREAD, &pending) == 0 && pending == 1 << 20);
	must(read(plain[0], text, sizeof(text)) == 11);
	must(memcmp(text, "hello world", 11) == 0);
	must(read(packets[0], text, sizeof(text)) == 3);
	must(read(packets[0], text, sizeof(text)) == 5);
	must(write(plain[1], "on", 2) == 2);
	must(read(plain[0], text, sizeof(text)) == 2);
	all_is_right();
}

START_TEST(what_stands_in_pipes_is_read_and_stays_there)
{
	autojson json_t *plain = NULL, *packets = NULL, *full = NULL;

	start(fill_pipes);
	capture(&firn_collect_processes);
	plain = pipe_of(notes->inode[0]);
	packets = pipe_of(notes->inode[1]);
	full = pipe_of(notes->inode[2]);
	ck_assert_ptr_null(pipe_of(notes->inode[3]));
	ck_content(plain, "hello world");
	ck_assert_ptr_null(json_object_get(plain, "packets"));
	ck_content(packets, "onethree");
	ck_assert_int_eq(json_integer_value(json_array_get(
				 json_object_get(packets, "packets"), 1)),
			 5);
	ck_assert_int_eq(json_integer_value(json_object_get(full, "bytes")),
			 1 << 20);
	ck_assert_ptr_null(json_object_get(full, "missing"));
	ck_assert_int_eq(gaps_with("pipe"), 0);
	go_on();
}
END_TEST

static void
fill_fifo(void)
{
	int fd;

	must(mkfifo("fifo", 0600) == 0);
	fd = open("fifo", O_RDWR);
	must(fd >= 0);
	must(write(fd, "by name", 7) == 7);
	notes->inode[0] = inode_of(fd);
	stand_still();
	must(read(fd, (char[16]){ 0 }, 16) == 7);
	all_is_right();
}

START_TEST(what_stands_in_a_fifo_is_read_by_the_descriptor_not_by_its_name)
{
	int watch = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	autojson json_t *fifo = NULL;
	char events[256];

	start(fill_fifo);
	ck_assert_int_ge(inotify_add_watch(watch, "fifo", IN_OPEN | IN_CLOSE),
			 0);
	capture(&firn_collect_processes);
	/* Another reader would be seen by who writes. */
	ck_assert_int_lt(read(watch, events, sizeof(events)), 0);
	close(watch);
	fifo = pipe_of(notes->inode[0]);
	ck_content(fifo, "by name");
	ck_assert_ptr_nonnull(
		strstr(firn_json_string(fifo, "path", NULL), "/fifo"));
	go_on();
}
END_TEST

static void
be_writer(void)
{
	ready();
}

START_TEST(what_only_goes_out_is_read_where_it_is_read_outside)
{
	autojson json_t *line = NULL;
	struct stat st;
	int saved = dup(STDOUT_FILENO), outer[2];

	/* As the engines take what a container prints. */
	ck_assert_int_eq(pipe2(outer, O_CLOEXEC), 0);
	ck_assert_int_eq(write(outer[1], "out of here", 11), 11);
	ck_assert_int_eq(fstat(outer[0], &st), 0);
	fflush(stdout);
	dup2(outer[1], STDOUT_FILENO);
	start(be_writer);
	dup2(saved, STDOUT_FILENO);
	close(saved);
	close(outer[1]);
	capture(&firn_collect_processes);
	line = pipe_of(st.st_ino);
	ck_content(line, "out of here");
	ck_assert(json_is_true(json_object_get(line, "outside")));
	ck_assert_int_eq(json_integer_value(json_object_get(line, "pid")),
			 getpid());
	ck_assert_int_eq(read(outer[0], (char[16]){ 0 }, 16), 11);
	close(outer[0]);
}
END_TEST

static void
fill_and_close(void)
{
	int ends[2];

	must(pipe(ends) == 0);
	must(write(ends[1], "lost", 4) == 4);
	notes->inode[0] = inode_of(ends[1]);
	close(ends[0]);
	ready();
}

START_TEST(a_pipe_that_nobody_reads_is_a_gap)
{
	autojson json_t *line = NULL;

	start(fill_and_close);
	capture(&firn_collect_processes);
	line = pipe_of(notes->inode[0]);
	ck_assert_ptr_nonnull(json_object_get(line, "not_read"));
	ck_assert_int_eq(gaps_with("nobody was found who reads it"), 1);
}
END_TEST

int
main(void)
{
	const TTest *const tests[] = {
		what_stands_in_pipes_is_read_and_stays_there,
		what_stands_in_a_fifo_is_read_by_the_descriptor_not_by_its_name,
		what_only_goes_out_is_read_where_it_is_read_outside,
		a_pipe_that_nobody_reads_is_a_gap,
	};

	if (geteuid() != 0) {
		puts("skipped: reading another's descriptors takes root");
		return 77;
	}
	return run_suite(
		suite_of("pipes", tests, sizeof(tests) / sizeof(tests[0])));
}
