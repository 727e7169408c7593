#ifndef CMD_SECRETS_H
#define CMD_SECRETS_H

/*
 * secrets -- what the parts of `firn secrets` share.
 */

#include <stdbool.h>

#include "cmd.h"
#include "firn/case.h"
#include "firn/owners.h"
#include "firn/secrets.h"

/* What was asked for. */
struct firn_asked_secrets {
	const char *format, *policy;
	const char *done, *undone, *by, *note; /* ticking */
	const char *reveal;
	bool status, check, deep;
	struct firn_strings rules;
};

/* firn_open_archive(name) -- an archive is a regular file, or "-"; -1 for
 * anything else, which is a TARGET or a case. */
int firn_open_archive(const char *name);

/* firn_deep_begin(common, deep) -- how memory is looked through, with progress
 * on a terminal: static, or NULL when it isn't wanted.  firn_deep_end(deep)
 * takes the progress away. */
const struct firn_deep *firn_deep_begin(const struct firn_common *common,
					bool deep);
void firn_deep_end(const struct firn_deep *deep);

/* firn_secrets_look(common, name, rules, more, ret, err) -- the checklist of a
 * TARGET or an ARCHIVE; of memory, that of a TARGET. */
FIRN_MUST_CHECK int firn_secrets_look(const struct firn_common *common,
				      const char *name,
				      const struct firn_secret_rules *rules,
				      const struct firn_secrets_more *more,
				      json_t **ret, struct firn_err *err);

/* firn_secrets_remember(common, owners, checklist, archive) -- what the case
 * knows of it, who owns what, and a copy for the case. What can't be had of
 * this is told, and the checklist is good without. */
void firn_secrets_remember(const struct firn_common *common,
			   const struct firn_owners *owners, json_t *checklist,
			   bool archive);

/* firn_secrets_tick(self, common, asked, rules, name) -- --done and --undone.
 */
enum firn_exit firn_secrets_tick(const struct firn_cmd *self,
				 const struct firn_common *common,
				 const struct firn_asked_secrets *asked,
				 const struct firn_secret_rules *rules,
				 const char *name);

/* firn_secrets_show_status(self, common, asked, rules, name) -- --status. */
enum firn_exit firn_secrets_show_status(const struct firn_cmd *self,
					const struct firn_common *common,
					const struct firn_asked_secrets *asked,
					const struct firn_secret_rules *rules,
					const char *name);

/* firn_secrets_reveal(self, common, asked, rules, name) -- --reveal. */
enum firn_exit firn_secrets_reveal(const struct firn_cmd *self,
				   const struct firn_common *common,
				   const struct firn_asked_secrets *asked,
				   const struct firn_secret_rules *rules,
				   const char *name);

#endif
