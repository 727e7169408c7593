#include "drilled.h"

#include <errno.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>

#include "base/auto.h"
#include "base/json.h"

/* A server of the host's on a unix socket, and guests in the drill's container
 * that reach it. */

static const char *folder;
static struct sockaddr_un stream_at, datagram_at;
static int stream_fd, datagram_fd;

static int
serve(int type, const char *name, struct sockaddr_un *at)
{
	int fd = socket(AF_UNIX, type | SOCK_CLOEXEC, 0);

	*at = (struct sockaddr_un){ .sun_family = AF_UNIX };
	snprintf(at->sun_path, sizeof(at->sun_path), "%s/%s", folder, name);
	ck_assert_int_eq(bind(fd, (struct sockaddr *)at, sizeof(*at)), 0);
	return fd;
}

static void
remove_sockets(void)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/stream", folder);
	unlink(path);
	snprintf(path, sizeof(path), "%s/datagram", folder);
	unlink(path);
	rmdir(folder);
}

static void
setup(void)
{
	drilled_setup();
	remove_sockets(); /* of a test that failed */
	ck_assert_int_eq(mkdir(folder, 0700), 0);
	stream_fd = serve(SOCK_STREAM, "stream", &stream_at);
	datagram_fd = serve(SOCK_DGRAM, "datagram", &datagram_at);
	ck_assert_int_eq(listen(stream_fd, 4), 0);
}

static void
teardown(void)
{
	remove_sockets();
	close(stream_fd);
	close(datagram_fd);
	drilled_teardown();
}

static json_t *
isolate(bool cut_unix)
{
	const struct firn_isolation how = { .cut_unix = cut_unix };
	json_t *said = NULL;

	ck_ok(firn_target_scan(target, &err));
	ck_ok(firn_isolate(target, ledger, &how, &said, &err));
	return said;
}

/* 'c' connects and sends, 'E' neither for EPERM, 'x' anything else. */
static char
tries(void)
{
	int stream = socket(AF_UNIX, SOCK_STREAM, 0),
	    datagram = socket(AF_UNIX, SOCK_DGRAM, 0), done, sent, why[2];

	done = connect(stream, (struct sockaddr *)&stream_at,
		       sizeof(stream_at));
	why[0] = errno;
	sent = (int)sendto(datagram, "x", 1, MSG_DONTWAIT,
			   (struct sockaddr *)&datagram_at,
			   sizeof(datagram_at));
	why[1] = errno;
	close(stream);
	close(datagram);
	if (done == 0 && sent == 1)
		return 'c';
	return done < 0 && sent < 0 && why[0] == EPERM && why[1] == EPERM ? 'E'
									  : 'x';
}

static void
tries_again_and_again(int fd)
{
	char says = tries();

	for (int i = 0; i < 8; i++) {
		guest_waits(fd, says);
		says = tries();
	}
}

START_TEST(it_connects_to_none_until_it_is_released)
{
	struct guest guest = guest_starts(IN_CGROUP, tries_again_and_again);
	autojson json_t *said = NULL, *released = NULL;

	ck_assert_int_eq(guest_says(&guest), 'c');
	said = isolate(true);
	ck_assert_int_eq(guest_says(&guest), 'E');
	ck_ok(firn_release(ledger, &released, &err));
	ck_assert_int_eq(guest_says(&guest), 'c');
	guest_ends(&guest);
}
END_TEST

START_TEST(without_being_asked_it_is_left_alone)
{
	struct guest guest = guest_starts(IN_CGROUP, tries_again_and_again);
	autojson json_t *said = isolate(false);

	ck_assert_ptr_nonnull(said);
	ck_assert_int_eq(guest_says(&guest), 'c');
	guest_ends(&guest);
}
END_TEST

static void
connects_once(int fd)
{
	int stream = socket(AF_UNIX, SOCK_STREAM, 0), own[2];

	/* What stays inside is no way out. */
	if (socketpair(AF_UNIX, SOCK_STREAM, 0, own) < 0 ||
	    connect(stream, (struct sockaddr *)&stream_at, sizeof(stream_at)) <
		    0)
		_exit(1);

	guest_waits(fd, 'r');
	guest_waits(fd, send(stream, "x", 1, MSG_NOSIGNAL) == 1 ? 's' : 'x');
}

/* Of one kind with this path; borrowed. */
static const json_t *
find(const json_t *said, const char *kind, const char *path)
{
	const json_t *socket;
	size_t i;

	json_array_foreach(json_object_get(said, "unix"), i, socket) {
		const char *is = firn_json_string(socket, "path", NULL);

		if (is != NULL && strcmp(is, path) == 0 &&
		    strcmp(firn_json_string(socket, "kind", NULL), kind) == 0)
			return socket;
	}
	return NULL;
}

static json_int_t
number(const json_t *object, const char *key)
{
	return json_integer_value(json_object_get(object, key));
}

START_TEST(a_connection_out_of_it_is_named_with_both_ends)
{
	struct guest guest = guest_starts(IN_CGROUP, connects_once);
	int served = accept(stream_fd, NULL, NULL);
	autojson json_t *said = isolate(false);
	const json_t *socket = find(said, "connection", stream_at.sun_path);

	ck_assert_ptr_nonnull(socket);
	ck_assert_int_eq(number(socket, "pid"), guest.pid);
	ck_assert_int_eq(number(socket, "peer_pid"), getpid());
	ck_assert_str_eq(firn_json_string(socket, "type", NULL), "stream");
	/* The guest's socket to the test is the other one; its pair is none. */
	ck_assert_uint_eq(json_array_size(json_object_get(said, "unix")), 2);
	ck_assert_str_eq(firn_json_string(said, "state", NULL), "isolated");
	guest_ends(&guest);
	close(served);
}
END_TEST

START_TEST(a_connection_that_it_has_goes_on_and_that_is_said)
{
	struct guest guest = guest_starts(IN_CGROUP, connects_once);
	int served = accept(stream_fd, NULL, NULL);
	autojson json_t *said = isolate(true);
	autofree char *open = json_dumps(json_object_get(said, "open"), 0);

	ck_assert_int_eq(guest_says(&guest), 's');
	ck_assert_str_eq(firn_json_string(said, "state", NULL), "partial");
	ck_assert_ptr_nonnull(strstr(open, "unix sockets: 2 connections"));
	guest_ends(&guest);
	close(served);
}
END_TEST

/* As `docker run -v SOCKET:PATH` does it. */
static bool
mount_in(pid_t pid, const char *source, const char *path)
{
	int tree = (int)syscall(SYS_open_tree, AT_FDCWD, source,
				OPEN_TREE_CLONE | O_CLOEXEC),
	    mntns, status = -1;
	char ns[64];
	pid_t child;

	snprintf(ns, sizeof(ns), "/proc/%d/ns/mnt", (int)pid);
	mntns = open(ns, O_RDONLY | O_CLOEXEC);
	child = fork();
	if (child == 0) {
		int file;

		if (unshare(CLONE_FS) < 0 || setns(mntns, CLONE_NEWNS) < 0)
			_exit(1);
		file = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
		_exit(file < 0 || syscall(SYS_move_mount, tree, "", AT_FDCWD,
					  path, MOVE_MOUNT_F_EMPTY_PATH) < 0);
	}
	waitpid(child, &status, 0);
	close(tree);
	close(mntns);
	return status == 0;
}

START_TEST(a_socket_of_the_hosts_that_is_mounted_is_named)
{
	autojson json_t *said = NULL;
	const json_t *socket;

	ck_assert(mount_in(container.pid, stream_at.sun_path,
			   "/dev/engine.sock"));
	said = isolate(false);
	socket = find(said, "mounted", "/dev/engine.sock");
	ck_assert_ptr_nonnull(socket);
	ck_assert_str_eq(firn_json_string(socket, "source", NULL),
			 stream_at.sun_path);
}
END_TEST

static void
add(TCase *tcase)
{
	tcase_add_test(tcase, it_connects_to_none_until_it_is_released);
	tcase_add_test(tcase, without_being_asked_it_is_left_alone);
	tcase_add_test(tcase, a_connection_out_of_it_is_named_with_both_ends);
	tcase_add_test(tcase,
		       a_connection_that_it_has_goes_on_and_that_is_said);
	tcase_add_test(tcase, a_socket_of_the_hosts_that_is_mounted_is_named);
}

int
main(void)
{
	char path[64];
	int status;

	snprintf(path, sizeof(path), "/tmp/firn-unix.%d", (int)getpid());
	folder = path;
	status = drilled_main("unix", setup, teardown, add);
	remove_sockets();
	return status;
}
