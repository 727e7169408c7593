#ifndef CMD_PLAYBOOK_H
#define CMD_PLAYBOOK_H

/*
 * playbook -- what the parts of `firn playbook` share.
 */

#include "cmd.h"
#include "firn/playbook.h"

/* What was asked for. */
struct firn_playbook_asked {
	const char *folder; /* NULL: the node's */
	const char *target; /* of test; NULL: that of the alert */
	const char *source; /* of test: the sender's name in the policy */
	bool strict, cacao;
};

/* firn_playbook_draft(path, ret, err) -- of a file, whosever it is. */
FIRN_MUST_CHECK int firn_playbook_draft(const char *path,
					struct firn_playbook **ret,
					struct firn_err *err);

/*
 * firn_playbooks_asked(asked, names, n, ret, err) -- those that are named, in
 * this order; all of the node for none.
 *
 * What has a "/" in it, or ends as a file does, is a file.  It may be a draft,
 * which anybody may have written: nothing of it is done here.
 */
FIRN_MUST_CHECK int firn_playbooks_asked(
	const struct firn_playbook_asked *asked, char *const *names, size_t n,
	struct firn_playbooks *ret, struct firn_err *err);

/* playbook_test.c: alerts on stdin, and what would come of them. */
enum firn_exit firn_playbook_test(const struct firn_cmd *self,
				  const struct firn_common *common,
				  const struct firn_playbook_asked *asked,
				  char *const *names, size_t n);

#endif
