#ifndef TESTS_CONTAIN_SCAN_DOUBLE_H
#define TESTS_CONTAIN_SCAN_DOUBLE_H

/* The scan, as a test wants it to end. */

#include <stdlib.h>

#include "firn/target.h"

static struct firn_member scan_found[4];
static size_t scan_n;
static int scan_fails; /* errno(3) */

int
firn_target_scan(struct firn_target *target, struct firn_err *err)
{
	if (scan_fails != 0)
		return firn_err_set(err, scan_fails, "scan: no");
	free(target->members.items);
	target->members.items = calloc(scan_n + 1, sizeof(*scan_found));
	for (size_t i = 0; i < scan_n; i++)
		target->members.items[i] = scan_found[i];
	target->members.n = scan_n;
	return 0;
}

#endif
