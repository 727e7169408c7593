#include "collect/records.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "base/auto.h"
#include "host/file.h"

static int
open_record(const struct firn_host *host, const char *path, struct stat *st,
	    struct firn_err *err)
{
	autoclose int path_fd = firn_host_file(host, path, O_PATH, err);

	return path_fd < 0 ? -1 : firn_file_reopen(path_fd, st, err);
}

int
firn_record_store(const struct firn_host *host, struct firn_archive *archive,
		  const struct firn_member_source *source, const char *member,
		  struct firn_record_copy *ret, struct firn_err *err)
{
	autoclose int fd = -1;
	struct firn_err why = { 0 }, gap = { 0 };
	struct stat st;

	*ret = (struct firn_record_copy){ 0 };
	fd = open_record(host, source->source, &st, &why);
	if (fd < 0) {
		firn_archive_gap(archive, source->collector, source->source,
				 &why);
		return 0;
	}
	ret->size = (uint64_t)st.st_size;
	ret->modified = st.st_mtim;
	if (firn_archive_begin(archive, member, ret->size, source, err) < 0 ||
	    firn_archive_copy(archive, fd, ret->size, &ret->bytes, &why, err) <
		    0 ||
	    firn_archive_end(archive, err) < 0)
		return -1;
	ret->stored = true;
	if (ret->bytes == ret->size)
		return 0;
	firn_err_set(&gap, why.code != 0 ? why.code : EIO,
		     "only %llu of %llu bytes: %s",
		     (unsigned long long)ret->bytes,
		     (unsigned long long)ret->size, why.text);
	firn_archive_gap(archive, source->collector, source->source, &gap);
	return 0;
}
