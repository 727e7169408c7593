#include <errno.h>
#include <string.h>

#include "base/auto.h"
#include "collect/packages/ecosystem.h"
#include "collect/packages/rpm_database.h"
#include "collect/packages/rpm_header.h"

/*
 * rpm -- the database of Fedora's, Red Hat's and SUSE's, in each of the three
 * formats that it has had.
 */

static const struct {
	const char *file;
	int (*each)(int fd, uint64_t size, firn_rpm_see *see, void *arg,
		    struct firn_err *err);
} formats[] = {
	{ "rpmdb.sqlite", firn_rpm_sqlite },
	{ "Packages.db", firn_rpm_ndb },
	{ "Packages", firn_rpm_bdb },
};

#define N_FORMATS (sizeof(formats) / sizeof(formats[0]))

static bool
takes(const struct firn_tree_entry *entry)
{
	static const char *const folders[] = { "var/lib/rpm/",
					       "usr/lib/sysimage/rpm/",
					       "usr/share/rpm/" };

	for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++) {
		size_t len = strlen(folders[i]);

		if (strncmp(entry->path, folders[i], len) != 0)
			continue;
		for (size_t k = 0; k < N_FORMATS; k++) {
			if (strcmp(entry->path + len, formats[k].file) == 0)
				return true;
		}
		if (strcmp(entry->path + len, "rpmdb.sqlite-wal") == 0)
			return true;
	}
	return false;
}

struct reading_rpm {
	struct firn_reading *reading;
	const struct firn_tree_entry *entry;
	size_t n_malformed;
	bool of_bom; /* it was the bom that failed */
};

static int
see(const unsigned char *blob, size_t len, void *arg, struct firn_err *err)
{
	struct reading_rpm *rpm = arg;
	struct firn_rpm_header header;
	struct firn_package package = { .type = "rpm" };

	if (!firn_rpm_header(blob, len, &header)) {
		rpm->n_malformed++;
		return 0;
	}
	package.place = rpm->entry->path;
	firn_rpm_package(&header, &package);
	/* A key that signs packages is kept among them. */
	if (package.name[0] == '\0' || strcmp(package.name, "gpg-pubkey") == 0)
		return 0;
	rpm->of_bom = firn_bom_add(rpm->reading->bom, &package, err) < 0;
	return rpm->of_bom ? -1 : 0;
}

static int
read_database(struct firn_reading *reading, const struct firn_tree_entry *entry,
	      struct firn_err *err)
{
	struct reading_rpm rpm = { .reading = reading, .entry = entry };
	uint64_t size = (uint64_t)entry->st.st_size;
	struct firn_err why = { 0 };
	autoclose int fd = -1;
	int done = 0;

	if (firn_ends_with(entry->name, "-wal")) {
		if (size > 0)
			firn_reading_gap(reading, entry, ENOTSUP,
					 "changes that are not in the database "
					 "yet: they aren't read");
		return 0;
	}
	if (!firn_tree_spend(reading->tree, entry->path, size))
		return 0;
	fd = firn_tree_open(reading->tree, entry, &why);
	for (size_t i = 0; i < N_FORMATS && fd >= 0; i++) {
		if (strcmp(entry->name, formats[i].file) == 0)
			done = formats[i].each(fd, size, see, &rpm, &why);
	}
	if (rpm.of_bom) {
		*err = why;
		return -1;
	}
	if (fd < 0 || done < 0)
		firn_tree_gap(reading->tree, entry->path, &why);
	if (rpm.n_malformed > 0)
		firn_reading_gap(reading, entry, EBADMSG,
				 "it has entries that are no packages");
	return 0;
}

const struct firn_ecosystem firn_ecosystem_rpm = {
	.takes = takes,
	.read = read_database,
};
