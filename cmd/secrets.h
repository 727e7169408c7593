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
	bool status, check;
	struct firn_strings rules;
};

/* firn_secrets_look(common, name, rules, wanted, ret, err) -- the checklist of
 * a TARGET or an ARCHIVE; `wanted` may be NULL. */
FIRN_MUST_CHECK int firn_secrets_look(const struct firn_common *common,
				      const char *name,
				      const struct firn_secret_rules *rules,
				      struct firn_wanted *wanted, json_t **ret,
				      struct firn_err *err);

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
