/*
 * memory_grep PID -- which of the lines on stdin stand in the memory of a
 * process: prints them, and where; 1 if there is one, 0 if there is none.
 *
 * Every page that is present is read, whatever it is mapped for.
 */

#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PIECE ((size_t)1 << 20)
#define VALUES_MAX 200
#define VALUE_MAX 512

static char values[VALUES_MAX][VALUE_MAX];
static size_t n_values;
static unsigned char piece[PIECE + VALUE_MAX];
static size_t n_pages;

static int
open_of(const char *pid, const char *name)
{
	char path[64];
	int fd;

	snprintf(path, sizeof(path), "/proc/%s/%s", pid, name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0) {
		perror(path);
		exit(2);
	}
	return fd;
}

static bool
search(unsigned long at, size_t len)
{
	bool found = false;

	for (size_t i = 0; i < n_values; i++) {
		const unsigned char *hit =
			memmem(piece, len, values[i], strlen(values[i]));

		if (hit == NULL)
			continue;
		printf("%s at %#lx\n", values[i],
		       at + (unsigned long)(hit - piece));
		found = true;
	}
	return found;
}

/* Of a run of pages that are present. */
static bool
search_run(int mem_fd, unsigned long from, unsigned long to)
{
	bool found = false;

	for (unsigned long at = from; at < to; at += PIECE) {
		size_t size = to - at < sizeof(piece) ? to - at : sizeof(piece);
		ssize_t n = pread(mem_fd, piece, size, (off_t)at);

		if (n <= 0)
			break;
		n_pages += (size_t)n >> 12;
		found |= search(at, (size_t)n);
	}
	return found;
}

static bool
search_range(int mem_fd, int pagemap_fd, unsigned long from, unsigned long to)
{
	static uint64_t entries[4096];
	unsigned long run = 0, at = from;
	bool found = false;

	/* What a sanitizer keeps there is a billionth of it, and no text. */
	if (to - from > (1ul << 32))
		return false;
	while (at < to) {
		size_t n = (to - at) >> 12;
		ssize_t have;

		n = n < 4096 ? n : 4096;
		have = pread(pagemap_fd, entries, n * 8, (off_t)(at >> 12) * 8);
		if (have <= 0)
			break;
		for (ssize_t i = 0; i < have / 8; i++, at += 4096) {
			/* Present, or swapped: pagemap of proc(5). */
			bool there = entries[i] >> 62 != 0;

			if (there && run == 0)
				run = at;
			if (!there && run != 0)
				found |= search_run(mem_fd, run, at);
			if (!there)
				run = 0;
		}
	}
	return run != 0 ? found | search_run(mem_fd, run, at) : found;
}

int
main(int argc, char **argv)
{
	char line[4096];
	bool found = false;
	int mem_fd, pagemap_fd;
	FILE *maps;

	if (argc != 2)
		return 2;
	while (n_values < VALUES_MAX &&
	       fgets(values[n_values], VALUE_MAX, stdin) != NULL) {
		values[n_values][strcspn(values[n_values], "\n")] = '\0';
		n_values += values[n_values][0] != '\0';
	}
	mem_fd = open_of(argv[1], "mem");
	pagemap_fd = open_of(argv[1], "pagemap");
	maps = fdopen(open_of(argv[1], "maps"), "r");
	if (maps == NULL)
		return 2;
	while (fgets(line, sizeof(line), maps) != NULL) {
		unsigned long from, to;

		if (sscanf(line, "%lx-%lx ", &from, &to) == 2)
			found |= search_range(mem_fd, pagemap_fd, from, to);
	}
	fprintf(stderr, "%zu values, %zu pages\n", n_values, n_pages);
	return n_values == 0 || n_pages == 0 ? 2 : found ? 1 : 0;
}
