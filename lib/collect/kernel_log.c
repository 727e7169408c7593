#include "collect/kernel_log.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/spool.h"

#define KERNEL_LOG_MAX (16u << 20)
#define RECORD_MAX 8192 /* kernel/printk/internal.h, PRINTK_MESSAGE_MAX */

/* One record per read(2), until there is no more: EAGAIN.  EPIPE says that
 * records were overwritten before they could be read; the next ones follow,
 * and the sequence numbers show it. */
static int
read_records(int fd, struct firn_spool *spool, struct firn_err *why,
	     struct firn_err *err)
{
	char record[RECORD_MAX];

	while (spool->size < KERNEL_LOG_MAX) {
		ssize_t n = read(fd, record, sizeof(record));

		if (n < 0 && (errno == EINTR || errno == EPIPE))
			continue;
		if (n < 0 && errno != EAGAIN)
			firn_err_sys(why, "read");
		if (n <= 0)
			return 0;
		if (firn_spool_add(spool, record, (size_t)n, err) < 0)
			return -1;
	}
	firn_err_set(why, EFBIG, "cut after %u bytes", KERNEL_LOG_MAX);
	return 0;
}

int
firn_kernel_log(const struct firn_host *host, struct firn_archive *archive,
		struct firn_err *err)
{
	static const struct firn_member_source source = {
		"logs", "/dev/kmsg", "kernel: ABI/testing/dev-kmsg"
	};
	autospool struct firn_spool spool = firn_spool_init(AT_FDCWD);
	struct firn_err why = { 0 };
	autoclose int fd = -1;

	fd = firn_host_file(host, "/dev/kmsg", O_RDONLY | O_NONBLOCK, &why);
	if (fd >= 0 && read_records(fd, &spool, &why, err) < 0)
		return -1;
	if (why.code != 0)
		firn_archive_gap(archive, "logs", "the kernel's ring buffer",
				 &why);
	if (spool.size == 0)
		return 0;
	return firn_archive_spool(archive, "data/logs/kernel.txt", &spool,
				  &source, err);
}
