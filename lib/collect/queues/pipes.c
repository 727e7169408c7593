#include "collect/queues/pipes.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/digest.h"
#include "base/json.h"
#include "collect/json_stream.h"
#include "collect/queues/peeker.h"
#include "collect/queues/pipes_outside.h"
#include "host/borrow.h"

#define PIPES_MAX 65536
#define PIPES_BYTES ((uint64_t)1 << 30)
#define GAPS_MAX 64
#define NAME_MAX_LEN 64

struct pipes {
	struct firn_reading *reading;
	struct firn_peeker peeker;
	struct firn_spool lines;
	uint64_t bytes, n_gaps;
};

static void
pipes_free(struct pipes *pipes)
{
	firn_peeker_close(&pipes->peeker);
	firn_spool_free(&pipes->lines);
}

/* The name of its member, and its key. */
static void
name_of(const struct firn_pipe_end *end, char ret[NAME_MAX_LEN])
{
	if (end->device == 0)
		snprintf(ret, NAME_MAX_LEN, "%llu",
			 (unsigned long long)end->inode);
	else
		snprintf(ret, NAME_MAX_LEN, "fifo-%u-%u-%llu",
			 major(end->device), minor(end->device),
			 (unsigned long long)end->inode);
}

void
firn_pipes_note(struct firn_process *process, const struct firn_pipe_end *end)
{
	json_t *pipes = process->reading->pipes, *known, *pipe;
	char name[NAME_MAX_LEN];

	name_of(end, name);
	known = json_object_get(pipes, name);
	if (known != NULL &&
	    (!end->reads || json_is_true(json_object_get(known, "reads"))))
		return;
	if (known == NULL && json_object_size(pipes) >= PIPES_MAX) {
		process->reading->pipes_cut = true;
		return;
	}
	pipe = json_object();
	firn_json_uint(pipe, "inode", end->inode);
	if (end->device != 0)
		firn_json_text(pipe, "path", end->path);
	json_object_set_new(pipe, "pid", json_integer(process->member->pid));
	json_object_set_new(pipe, "tid", json_integer(process->read_pid));
	json_object_set_new(pipe, "fd", json_integer(end->fd));
	json_object_set_new(pipe, "reads", json_boolean(end->reads));
	json_object_set_new(pipes, name, pipe);
}

static void
gap(struct pipes *pipes, const char *name, const struct firn_err *why)
{
	char what[NAME_MAX_LEN + 8];

	if (pipes->n_gaps++ >= GAPS_MAX)
		return;
	snprintf(what, sizeof(what), "pipe:[%s]", name);
	firn_archive_gap(pipes->reading->archive, "processes", what, why);
}

static void
note_other_gaps(struct pipes *pipes)
{
	struct firn_err why = { 0 };

	if (pipes->reading->pipes_cut)
		firn_err_set(&why, E2BIG, "there are more than %d", PIPES_MAX);
	else if (pipes->n_gaps > GAPS_MAX)
		firn_err_set(&why, E2BIG, "%llu more could not be read: see %s",
			     (unsigned long long)(pipes->n_gaps - GAPS_MAX),
			     "data/processes/pipes.jsonl");
	if (why.code != 0)
		firn_archive_gap(pipes->reading->archive, "processes", "pipes",
				 &why);
}

/* Takes nothing over. */
static int
add_line(struct pipes *pipes, const json_t *pipe, json_t *facts,
	 struct firn_err *err)
{
	json_t *line = json_object();

	json_object_set(line, "inode", json_object_get(pipe, "inode"));
	json_object_update(line, facts);
	if (json_object_get(pipe, "path") != NULL)
		json_object_set(line, "path", json_object_get(pipe, "path"));
	if (json_object_get(pipe, "path_b64") != NULL)
		json_object_set(line, "path_b64",
				json_object_get(pipe, "path_b64"));
	json_object_set(line, "pid", json_object_get(pipe, "pid"));
	json_object_set(line, "fd", json_object_get(pipe, "fd"));
	if (json_is_true(json_object_get(pipe, "outside")))
		json_object_set_new(line, "outside", json_true());
	return firn_json_stream_add(&pipes->lines, line, err);
}

static int
not_read(struct pipes *pipes, const char *name, const json_t *pipe,
	 const struct firn_err *why, struct firn_err *err)
{
	autojson json_t *facts = json_object();

	gap(pipes, name, why);
	firn_json_text(facts, "not_read", why->text);
	return add_line(pipes, pipe, facts, err);
}

static int
store(struct pipes *pipes, const char *name, json_t *facts,
      struct firn_err *err)
{
	static const struct firn_member_source source = { "processes",
							  "pidfd_getfd, tee",
							  "pipe(7), tee(2)" };
	const struct firn_peeked *seen = pipes->peeker.seen;
	char path[NAME_MAX_LEN + 32], text[FIRN_SHA256_TEXT];
	unsigned char sum[FIRN_SHA256];

	snprintf(path, sizeof(path), "data/processes/pipes/%s", name);
	if (firn_sha256(seen->data, seen->bytes, sum, err) < 0 ||
	    firn_archive_bytes(pipes->reading->archive, path, seen->data,
			       seen->bytes, &source, err) < 0)
		return -1;
	firn_hex(sum, sizeof(sum), text);
	json_object_set_new(facts, "member", json_string(path));
	json_object_set_new(facts, "sha256", json_string(text));
	pipes->bytes += seen->bytes;
	return 0;
}

/* The lengths of packets, or of what splice(2) has kept apart. */
static void
set_packets(json_t *facts, const struct firn_peeked *seen)
{
	json_t *packets;

	if (seen->n_messages < 2)
		return;
	packets = json_array();
	for (size_t i = 0; i < seen->n_messages; i++)
		json_array_append_new(
			packets,
			json_integer((json_int_t)seen->messages[i].bytes));
	json_object_set_new(facts, "packets", packets);
}

static int
write_down(struct pipes *pipes, const char *name, const json_t *pipe,
	   struct firn_err *err)
{
	const struct firn_peeked *seen = pipes->peeker.seen;
	autojson json_t *facts = json_object();
	struct firn_err why = { 0 };

	if (seen->bytes == 0 && seen->code == 0 && !seen->cut)
		return 0;
	firn_json_uint(facts, "bytes", seen->bytes);
	json_object_set_new(facts, "capacity",
			    json_integer(seen->survey.capacity));
	set_packets(facts, seen);
	if (seen->code != 0)
		firn_err_set(&why, seen->code, "%s", strerror(seen->code));
	else if (seen->cut)
		firn_err_set(&why, EFBIG, "only %llu of %d bytes",
			     (unsigned long long)seen->bytes,
			     seen->survey.receive_bytes);
	if (why.code != 0) {
		gap(pipes, name, &why);
		firn_json_text(facts, "missing", why.text);
	}
	if (seen->bytes > 0 && store(pipes, name, facts, err) < 0)
		return -1;
	return add_line(pipes, pipe, facts, err);
}

static int
borrow(const json_t *pipe, struct firn_err *why)
{
	json_int_t inode = json_integer_value(json_object_get(pipe, "inode"));

	return firn_borrow(
		(pid_t)json_integer_value(json_object_get(pipe, "pid")),
		(pid_t)json_integer_value(json_object_get(pipe, "tid")),
		(int)json_integer_value(json_object_get(pipe, "fd")),
		(uint64_t)inode, why);
}

static int
read_pipe(struct pipes *pipes, const char *name, const json_t *pipe,
	  struct firn_err *err)
{
	const struct firn_peek_request request = { .how = FIRN_PEEK_PIPE };
	struct firn_err why = { 0 };
	autoclose int fd = -1;

	if (pipes->bytes > PIPES_BYTES)
		firn_err_set(&why, EFBIG,
			     "not read: others with %llu bytes "
			     "were",
			     (unsigned long long)pipes->bytes);
	if (why.code == 0)
		fd = borrow(pipe, &why);
	if (fd < 0 || firn_peeker_ask(&pipes->peeker, fd, &request, &why) < 0)
		return not_read(pipes, name, pipe, &why, err);
	return write_down(pipes, name, pipe, err);
}

/* Who only writes can still say how much there is: 1 for some. */
static int
has_something(struct pipes *pipes, const char *name, const json_t *pipe,
	      struct firn_err *err)
{
	const struct firn_peek_request request = { .how = FIRN_PEEK_SURVEY };
	struct firn_err why = { 0 };
	autoclose int fd = borrow(pipe, &why);

	if (fd < 0 || firn_peeker_ask(&pipes->peeker, fd, &request, &why) < 0)
		return not_read(pipes, name, pipe, &why, err);
	return pipes->peeker.seen->survey.receive_bytes > 0;
}

static int
read_own(struct pipes *pipes, json_t *ret_wanted, struct firn_err *err)
{
	const char *name;
	json_t *pipe;

	json_object_foreach(pipes->reading->pipes, name, pipe) {
		int some;

		if (json_is_true(json_object_get(pipe, "reads"))) {
			if (read_pipe(pipes, name, pipe, err) < 0)
				return -1;
			continue;
		}
		some = has_something(pipes, name, pipe, err);
		if (some < 0)
			return -1;
		if (some > 0)
			json_object_set(ret_wanted, name, pipe);
	}
	return 0;
}

static int
read_others(struct pipes *pipes, json_t *wanted, struct firn_err *err)
{
	struct firn_err why = { 0 }, nobody = { 0 };
	const char *name;
	json_t *pipe;

	firn_err_set(&nobody, EBADF,
		     "it isn't empty, and nobody was found who reads it");
	if (json_object_size(wanted) > 0 &&
	    firn_pipes_outside(pipes->reading->target->host, wanted, &why) < 0)
		nobody = why;
	json_object_foreach(wanted, name, pipe) {
		int done;

		if (json_is_true(json_object_get(pipe, "reads")))
			done = read_pipe(pipes, name, pipe, err);
		else
			done = not_read(pipes, name, pipe, &nobody, err);
		if (done < 0)
			return -1;
	}
	return 0;
}

int
firn_pipes_write(struct firn_reading *reading, struct firn_err *err)
{
	static const struct firn_member_source source = { "processes",
							  "/proc/PID/fd, tee",
							  "pipe(7), tee(2)" };
	autodone(pipes_free) struct pipes pipes = {
		.reading = reading,
		.peeker.proc_fd = reading->target->host->proc_fd,
		.lines = firn_spool_init(AT_FDCWD),
	};
	autojson json_t *wanted = json_object();

	if (read_own(&pipes, wanted, err) < 0 ||
	    read_others(&pipes, wanted, err) < 0)
		return -1;
	note_other_gaps(&pipes);
	return firn_archive_spool(reading->archive,
				  "data/processes/pipes.jsonl", &pipes.lines,
				  &source, err);
}
