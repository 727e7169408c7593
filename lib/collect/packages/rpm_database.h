#ifndef COLLECT_RPM_DATABASE_H
#define COLLECT_RPM_DATABASE_H

/*
 * rpm_database -- the packages in a database of rpm's, which is only read.
 *
 * Each function calls `see` for every package with the blob that rpm_header.h
 * reads, of at most FIRN_RPM_BLOB_MAX bytes, and fails when that does.  What
 * isn't a database of its format is EBADMSG, with whatever came before seen.
 *
 * Time and memory are bounded by `size`, the bytes of the file: no page is read
 * more often than a database that is whole needs.
 */

#include <stddef.h>
#include <stdint.h>

#include "firn/err.h"

#define FIRN_RPM_BLOB_MAX (16u << 20)

typedef int firn_rpm_see(const unsigned char *blob, size_t len, void *arg,
			 struct firn_err *err);

/*
 * firn_rpm_sqlite(fd, size, see, arg, err) -- rpmdb.sqlite, since rpm 4.16.
 *
 * The table "Packages" of two columns, by its b-tree.  Source: SQLite,
 * fileformat2.html; rpm, lib/backend/sqlite.c.
 */
FIRN_MUST_CHECK int firn_rpm_sqlite(int fd, uint64_t size, firn_rpm_see *see,
				    void *arg, struct firn_err *err);

/* firn_rpm_ndb(fd, size, see, arg, err) -- Packages.db, of SUSE.  Source: rpm,
 * lib/backend/ndb/rpmpkg.c. */
FIRN_MUST_CHECK int firn_rpm_ndb(int fd, uint64_t size, firn_rpm_see *see,
				 void *arg, struct firn_err *err);

/* firn_rpm_bdb(fd, size, see, arg, err) -- Packages, a Berkeley DB hash, until
 * rpm 4.15.  Source: Berkeley DB, dbinc/db_page.h; rpm, lib/backend/bdb_ro.c.
 */
FIRN_MUST_CHECK int firn_rpm_bdb(int fd, uint64_t size, firn_rpm_see *see,
				 void *arg, struct firn_err *err);

#endif
