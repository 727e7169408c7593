#include "assess/memory/mappings.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* The next line, with a NUL for its newline; NULL at the end.  Of one that is
 * longer than the buffer, the beginning, and the rest is another line. */
static int
next_line(struct firn_mappings *mappings, char **ret, struct firn_err *err)
{
	for (;;) {
		char *line = mappings->text + mappings->at;
		size_t left = mappings->have - mappings->at;
		char *end = memchr(line, '\n', left);
		ssize_t n;

		if (end != NULL || (left > 0 && mappings->ended) ||
		    left == sizeof(mappings->text) - 1) {
			size_t len = end != NULL ? (size_t)(end - line) : left;

			line[len] = '\0';
			mappings->at += len + (end != NULL);
			*ret = line;
			return 1;
		}
		if (mappings->ended)
			return 0;
		memmove(mappings->text, line, left);
		mappings->at = 0;
		mappings->have = left;
		n = read(mappings->fd, mappings->text + left,
			 sizeof(mappings->text) - 1 - left);
		if (n < 0)
			return firn_err_sys(err, "read smaps");
		mappings->ended = n == 0;
		mappings->have += (size_t)n;
	}
}

static bool
parse(const char *line, struct firn_mapping *ret)
{
	unsigned long long start, end, offset, inode;
	int at = 0;

	*ret = (struct firn_mapping){ 0 };
	if (sscanf(line, "%llx-%llx %7s %llx %x:%x %llu %n", &start, &end,
		   ret->permissions, &offset, &ret->major, &ret->minor, &inode,
		   &at) != 7 ||
	    at == 0)
		return false;
	ret->start = start;
	ret->end = end;
	ret->offset = offset;
	ret->inode = inode;
	snprintf(ret->path, sizeof(ret->path), "%.4095s", line + at);
	return true;
}

static void
add_resident(const char *line, struct firn_mapping *mapping)
{
	unsigned long long kib;

	if (sscanf(line, "Rss: %llu kB", &kib) == 1 ||
	    sscanf(line, "Swap: %llu kB", &kib) == 1)
		mapping->resident += kib;
}

/* A mapping's line, then what is known of it; VmFlags is the last of that. */
int
firn_mappings_next(struct firn_mappings *mappings, struct firn_mapping *ret,
		   struct firn_err *err)
{
	char *line = NULL;
	int more;

	while ((more = next_line(mappings, &line, err)) > 0) {
		if (line[0] < 'A' || line[0] > 'Z')
			mappings->has_next = parse(line, &mappings->next);
		else
			add_resident(line, &mappings->next);
		if (strncmp(line, "VmFlags:", 8) != 0 || !mappings->has_next)
			continue;
		*ret = mappings->next;
		mappings->has_next = false;
		snprintf(ret->flags, sizeof(ret->flags), "%.250s ", line + 8);
		return 1;
	}
	return more;
}

static bool
has_flag(const struct firn_mapping *mapping, const char *flag)
{
	const char *at = strstr(mapping->flags, flag);

	return at != NULL && at > mapping->flags && at[-1] == ' ';
}

static bool
is_deleted(const struct firn_mapping *mapping)
{
	static const char end[] = " (deleted)";
	size_t len = strlen(mapping->path);

	return len >= sizeof(end) - 1 &&
	       strcmp(mapping->path + len - (sizeof(end) - 1), end) == 0;
}

static bool
begins_with(const struct firn_mapping *mapping, const char *word)
{
	return strncmp(mapping->path, word, strlen(word)) == 0;
}

/* Its name only says where to look: what it is, the file itself is asked. */
static bool
is_memory(const struct firn_mapping *mapping)
{
	return is_deleted(mapping) || begins_with(mapping, "/dev/shm/") ||
	       begins_with(mapping, "[anon_shmem");
}

unsigned
firn_mapping_parts(const struct firn_mapping *mapping)
{
	static const char *const kernels[] = { "[vvar]", "[vvar_vclock]",
					       "[vdso]", "[vsyscall]" };
	unsigned parts = 0;

	if (has_flag(mapping, "io ") || has_flag(mapping, "pf ") ||
	    has_flag(mapping, "mm "))
		return 0;
	for (size_t i = 0; i < sizeof(kernels) / sizeof(kernels[0]); i++) {
		if (strcmp(mapping->path, kernels[i]) == 0)
			return 0;
	}
	if (mapping->inode == 0)
		return FIRN_MAPPING_PAGES;
	if (is_memory(mapping))
		parts |= FIRN_MAPPING_FILE;
	if (mapping->permissions[3] == 'p')
		parts |= FIRN_MAPPING_OWN;
	return parts;
}
