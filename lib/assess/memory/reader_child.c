#include "assess/memory/reader_child.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "assess/memory/mappings.h"
#include "assess/memory/pages.h"
#include "base/auto.h"
#include "host/file.h"

/* Where the kernel has no better way, it takes 0.2 s to learn which pages of
 * that much there are. */
#define STRETCH ((uint64_t)64 << 30)

static struct {
	const struct firn_memory_task *task;
	int mem_fd;
	bool is_free[FIRN_MEMORY_SLOTS];
	struct firn_pages pages;
	struct firn_mappings mappings;
	struct firn_mapping mapping;
	struct firn_memory_note note;
	struct firn_memory_file last_file;
	uint64_t unread, unread_at; /* of the mapping */
	int unread_code;
} self;

static void
send_note(int kind)
{
	self.note.kind = (enum firn_memory_kind)kind;
	if (send(self.task->socket, &self.note, sizeof(self.note),
		 MSG_NOSIGNAL) != sizeof(self.note))
		_exit(0);
}

static unsigned
take_slot(void)
{
	unsigned char slot;

	for (unsigned i = 0; i < FIRN_MEMORY_SLOTS; i++) {
		if (self.is_free[i]) {
			self.is_free[i] = false;
			return i;
		}
	}
	if (recv(self.task->socket, &slot, 1, 0) != 1 ||
	    slot >= FIRN_MEMORY_SLOTS)
		_exit(0);
	return slot;
}

static void
cannot_read(uint64_t address, uint64_t len)
{
	if (self.unread == 0) {
		self.unread_at = address;
		self.unread_code = errno;
	}
	self.unread += len;
}

static void
say_unread(void)
{
	if (self.unread == 0)
		return;
	self.note.address = self.unread_at;
	self.note.len = self.unread;
	self.note.code = self.unread_code;
	send_note(FIRN_MEMORY_UNREAD);
	self.unread = 0;
}

/* A page that can't be read is passed over; there may be more behind. */
static void
read_range(int fd, uint64_t start, uint64_t end)
{
	uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);

	while (start < end) {
		unsigned slot = take_slot();
		size_t want = end - start < FIRN_MEMORY_SLOT
				      ? (size_t)(end - start)
				      : FIRN_MEMORY_SLOT;
		ssize_t n =
			pread(fd, self.task->slots + slot * FIRN_MEMORY_SLOT,
			      want, (off_t)start);

		if (n > 0) {
			self.note.address = start;
			self.note.len = (uint64_t)n;
			self.note.slot = slot;
			send_note(FIRN_MEMORY_DATA);
			start += (uint64_t)n;
			continue;
		}
		self.is_free[slot] = true;
		if (n == 0 && fd != self.mem_fd)
			return; /* the file has become shorter */
		if (n == 0)
			errno = EIO;
		cannot_read(start, page);
		start += page - start % page;
	}
}

/* --- pages ----------------------------------------------------------------
 */

static void
read_pages(bool own)
{
	uint64_t start, end, at = self.mapping.start;
	struct firn_err why = { 0 };
	int more = 0;

	if (self.mapping.resident == 0)
		return;
	self.note.of_file = false;
	while (at < self.mapping.end && more >= 0) {
		uint64_t stop = self.mapping.end - at < STRETCH
					? self.mapping.end
					: at + STRETCH;

		firn_pages_start(&self.pages, at, stop, own);
		while ((more = firn_pages_next(&self.pages, &start, &end,
					       &why)) > 0)
			read_range(self.mem_fd, start, end);
		at = stop;
		send_note(FIRN_MEMORY_ALIVE);
	}
	if (more < 0) {
		errno = why.code;
		cannot_read(at, self.mapping.end - at);
	}
	say_unread();
}

/* --- files ----------------------------------------------------------------
 */

static bool
is_known(const struct firn_memory_file *file)
{
	const struct firn_memory_files *files = self.task->files;

	if (self.last_file.device == file->device &&
	    self.last_file.inode == file->inode)
		return true;
	for (size_t i = 0; i < files->n; i++) {
		if (files->items[i].device == file->device &&
		    files->items[i].inode == file->inode)
			return true;
	}
	return false;
}

/* Not its holes; where a filesystem knows none, it is all data. */
static void
read_data(int fd, uint64_t size)
{
	uint64_t at = 0;

	while (at < size) {
		off_t data = lseek(fd, (off_t)at, SEEK_DATA), hole = -1;

		if (data < 0 && errno == ENXIO)
			return;
		if (data >= 0)
			hole = lseek(fd, data, SEEK_HOLE);
		if (hole < 0) {
			data = (off_t)at;
			hole = (off_t)size;
		}
		read_range(fd, (uint64_t)data, (uint64_t)hole);
		at = (uint64_t)hole;
	}
}

static int
open_file(int path_fd, struct stat *st, struct firn_err *err)
{
	if (firn_file_waits(path_fd))
		return firn_err_set(err, EOPNOTSUPP,
				    "its filesystem may wait on a server");
	return firn_file_reopen(path_fd, st, err);
}

static void
read_file(void)
{
	autoclose int path_fd = -1, fd = -1;
	struct firn_err why = { 0 };
	struct stat st = { 0 };
	char name[64];

	snprintf(name, sizeof(name), "map_files/%llx-%llx",
		 (unsigned long long)self.mapping.start,
		 (unsigned long long)self.mapping.end);
	path_fd = openat(self.task->process_fd, name, O_PATH | O_CLOEXEC);
	if (path_fd < 0 || fstat(path_fd, &st) < 0) {
		cannot_read(self.mapping.start,
			    self.mapping.end - self.mapping.start);
		say_unread();
		return;
	}
	self.note.file.device = st.st_dev;
	self.note.file.inode = st.st_ino;
	if (!S_ISREG(st.st_mode) || is_known(&self.note.file))
		return;
	self.last_file = self.note.file;
	self.note.of_file = true;
	send_note(FIRN_MEMORY_MAPPING);
	fd = open_file(path_fd, &st, &why);
	if (fd >= 0) {
		read_data(fd, (uint64_t)st.st_size);
	} else {
		errno = why.code;
		cannot_read(0, (uint64_t)st.st_size);
	}
	say_unread();
}

/* --- all of it ------------------------------------------------------------
 */

static void
read_mapping(void)
{
	unsigned parts = firn_mapping_parts(&self.mapping);

	self.note.address = self.mapping.start;
	self.note.end = self.mapping.end;
	self.note.offset = self.mapping.offset;
	self.note.of_file = false;
	snprintf(self.note.path, sizeof(self.note.path), "%.1023s",
		 self.mapping.path);
	if (parts == 0)
		return;
	send_note(FIRN_MEMORY_MAPPING);
	if ((parts & (FIRN_MAPPING_PAGES | FIRN_MAPPING_OWN)) != 0)
		read_pages((parts & FIRN_MAPPING_OWN) != 0);
	if ((parts & FIRN_MAPPING_FILE) != 0)
		read_file();
}

/* What is left unread in a socket that is closed takes away what the other end
 * hasn't read yet (ECONNRESET): wait until that has gone. */
static _Noreturn void
end_with(int kind)
{
	unsigned char slot;

	send_note(kind);
	while (recv(self.task->socket, &slot, 1, 0) == 1)
		;
	_exit(0);
}

static _Noreturn void
fail(const char *what, int code)
{
	self.note.code = code;
	snprintf(self.note.path, sizeof(self.note.path), "%s", what);
	end_with(FIRN_MEMORY_FAILED);
}

static int
open_one(const char *name)
{
	int fd = openat(self.task->process_fd, name, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		fail(name, errno);
	return fd;
}

_Noreturn void
firn_memory_read_all(const struct firn_memory_task *task)
{
	struct firn_err why = { 0 };
	int more;

	self.task = task;
	for (unsigned i = 0; i < FIRN_MEMORY_SLOTS; i++)
		self.is_free[i] = true;
	self.mem_fd = open_one("mem");
	self.pages.fd = open_one("pagemap");
	self.mappings.fd = open_one("smaps");
	while ((more = firn_mappings_next(&self.mappings, &self.mapping,
					  &why)) > 0) {
		if (self.mapping.start >= task->from)
			read_mapping();
	}
	/* It has died: then it has no memory. */
	if (more < 0 && why.code != ESRCH)
		fail("smaps", why.code);
	end_with(FIRN_MEMORY_END);
}
