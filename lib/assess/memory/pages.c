#include "assess/memory/pages.h"

#include <errno.h>
#include <sys/ioctl.h>
#include <unistd.h>

/* linux/fs.h has these since 6.7. */
struct scan {
	uint64_t size, flags, start, end, walk_end;
	uint64_t vec, vec_len, max_pages;
	uint64_t category_inverted, category_mask;
	uint64_t category_anyof_mask, return_mask;
};
#define SCAN _IOWR('f', 16, struct scan)

enum category {
	IS_FILE = 1 << 2,
	IS_PRESENT = 1 << 3,
	IS_SWAPPED = 1 << 4,
	IS_ZERO = 1 << 5,  /* the page of zeros that all share */
	IS_GUARD = 1 << 8, /* since 6.15 */
};

/* An entry of the table. */
#define PRESENT ((uint64_t)1 << 63)
#define SWAPPED ((uint64_t)1 << 62)
#define OF_FILE ((uint64_t)1 << 61)

/* Pages of the table that are read at once. */
#define TABLE 4096

void
firn_pages_start(struct firn_pages *pages, uint64_t start, uint64_t end,
		 bool own)
{
	pages->at = start;
	pages->end = end;
	pages->own = own;
	pages->n = pages->next = 0;
}

static int
ask(struct firn_pages *pages)
{
	uint64_t without = IS_ZERO;
	struct scan scan = {
		.size = sizeof(scan),
		.start = pages->at,
		.end = pages->end,
		.vec = (uintptr_t)pages->ranges,
		.vec_len = sizeof(pages->ranges) / sizeof(pages->ranges[0]),
		.category_anyof_mask = IS_PRESENT | IS_SWAPPED,
		.return_mask = IS_PRESENT,
	};
	int n;

	if (pages->own)
		without |= IS_FILE;
	if (!pages->no_guard)
		without |= IS_GUARD;
	scan.category_inverted = without;
	scan.category_mask = without;
	n = ioctl(pages->fd, SCAN, &scan);
	if (n >= 0) {
		pages->n = (size_t)n;
		pages->next = 0;
		pages->at = scan.walk_end;
	}
	return n;
}

/* One more run of the table, into the one range that is used then. */
static int
read_table(struct firn_pages *pages, struct firn_err *err)
{
	static uint64_t table[TABLE];
	uint64_t size = (uint64_t)sysconf(_SC_PAGESIZE);
	uint64_t n = (pages->end - pages->at) / size;
	ssize_t got;

	pages->n = pages->next = 0;
	got = pread(pages->fd, table, sizeof(*table) * (n < TABLE ? n : TABLE),
		    (off_t)(pages->at / size * sizeof(*table)));
	if (got < 0)
		return firn_err_sys(err, "read pagemap");
	n = (uint64_t)got / sizeof(*table);
	if (n == 0)
		pages->at = pages->end;
	for (uint64_t i = 0; i < n; i++) {
		bool in = (table[i] & (PRESENT | SWAPPED)) != 0 &&
			  (!pages->own || (table[i] & OF_FILE) == 0);

		if (in && pages->n == 0) {
			pages->ranges[0].start = pages->at;
			pages->n = 1;
		}
		if (!in && pages->n > 0)
			break;
		pages->at += size;
		if (in)
			pages->ranges[0].end = pages->at;
	}
	return 0;
}

int
firn_pages_next(struct firn_pages *pages, uint64_t *ret_start,
		uint64_t *ret_end, struct firn_err *err)
{
	while (pages->next == pages->n) {
		if (pages->at >= pages->end)
			return 0;
		if (!pages->by_table && ask(pages) < 0) {
			if (errno == EINVAL && !pages->no_guard)
				pages->no_guard = true;
			else if (errno == ENOTTY || errno == EINVAL)
				pages->by_table = true;
			else
				return firn_err_sys(err, "scan pagemap");
			continue;
		}
		if (pages->by_table && read_table(pages, err) < 0)
			return -1;
	}
	*ret_start = pages->ranges[pages->next].start;
	*ret_end = pages->ranges[pages->next].end;
	pages->next++;
	return 1;
}
