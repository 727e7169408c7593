#ifndef COLLECT_RPM_HEADER_H
#define COLLECT_RPM_HEADER_H

/*
 * rpm_header -- what the database has of a package.
 *
 * Source: rpm, docs/manual/format_header.md and tags.md.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct firn_package;

struct firn_rpm_header {
	const unsigned char *index; /* borrowed */
	const unsigned char *data;
	uint32_t n, size; /* entries, bytes of data */

	/* Room for what firn_rpm_package() makes of it. */
	char version[512], source[512], epoch[12], hash[33];
};

/* firn_rpm_header(blob, len, ret) -- is it one? */
bool firn_rpm_header(const unsigned char *blob, size_t len,
		     struct firn_rpm_header *ret);

/* firn_rpm_package(header, ret) -- what is said of the package; texts are
 * borrowed of the header and its blob.  The name is never NULL. */
void firn_rpm_package(struct firn_rpm_header *header, struct firn_package *ret);

#endif
