#ifndef POLICY_RULES_H
#define POLICY_RULES_H

/*
 * rules -- the policy as it was read.
 */

#include <stdbool.h>
#include <stddef.h>

#include <jansson.h>

#include "assess/exposure/threshold.h"
#include "base/yaml.h"
#include "firn/policy.h"
#include "respond/policy/pattern.h"

#define FIRN_ALL_ROLES ((1u << FIRN_N_ROLES) - 1)
#define FIRN_SOURCES_MAX 256

struct firn_people {
	struct firn_words users, groups;
};

/* What is given, over what: a responder's rule, and a source's. */
struct firn_grant {
	struct firn_people people; /* of a responder's */
	unsigned may;              /* of enum firn_role */
	struct firn_patterns targets;
	struct firn_place place;
};

struct firn_second {
	unsigned may;
	struct firn_patterns targets;
	struct firn_people by; /* none: whoever may do the same */
	unsigned within_s;
	struct firn_place place;
};

/* A number that isn't limited is -1. */
struct firn_limits {
	long freezes_hour, freezes_hour_service, stopped_share; /* percent */
	bool stops_single; /* a service with one replica here may be stopped */
	bool people;       /* they hold for persons, too */
	struct firn_place freezes_at, service_at, share_at;
};

struct firn_quiet {
	unsigned days;         /* bit 0 is Sunday, as tm_wday */
	unsigned from_m, to_m; /* minutes of the day; to 1440 */
	unsigned may;          /* what sources may meanwhile */
	bool utc;
	struct firn_place place;
};

struct firn_policy {
	char *file; /* what rules are named by: "policy.yaml" */
	char digest[65];

	bool says_who;     /* there are responders */
	bool says_sources; /* there are sources */
	struct firn_grant *responders;
	size_t n_responders;
	struct firn_source *sources;
	struct firn_grant *rights; /* of each source, in the same order */
	size_t n_sources;
	struct firn_patterns never;
	struct firn_second *seconds;
	size_t n_seconds;
	struct firn_limits limits;
	struct firn_quiet *quiet;
	size_t n_quiet;

	struct firn_keeping keeping;
	struct firn_listening listening;
	json_t *notify;
	enum firn_threshold threshold; /* for the node's verdict */
	bool no_break_glass;
};

/* What a part is read with. */
struct firn_reading {
	const struct firn_yaml *yaml;
	struct firn_policy *policy;
	struct firn_err *err;
};

/* Each reads its part of the file; `node` is NULL if the part isn't there. */
int firn_read_responders(const struct firn_reading *reading,
			 struct fy_node *node);
int firn_read_approval(const struct firn_reading *reading,
		       struct fy_node *node);
int firn_read_sources(const struct firn_reading *reading, struct fy_node *node);
int firn_read_limits(const struct firn_reading *reading, struct fy_node *node);
int firn_read_quiet_hours(const struct firn_reading *reading,
			  struct fy_node *node);
int firn_read_evidence(const struct firn_reading *reading,
		       struct fy_node *node);
int firn_read_listen(const struct firn_reading *reading, struct fy_node *node);
int firn_read_notify(const struct firn_reading *reading, struct fy_node *node);
int firn_read_node(const struct firn_reading *reading, struct fy_node *node);

/* --- what several parts have --------------------------------------------- */

/* firn_read_list(reading, node, read_one) -- each of a list; none if `node` is
 * NULL. */
typedef int firn_read_one_fn(const struct firn_reading *reading,
			     struct fy_node *node);
int firn_read_list(const struct firn_reading *reading, struct fy_node *node,
		   firn_read_one_fn *read_one);

/* firn_read_roles(reading, node, ret) -- `may`: role names, or "all". */
int firn_read_roles(const struct firn_reading *reading, struct fy_node *node,
		    unsigned *ret);

/* firn_read_grant(reading, node, ret) -- "may" and "targets" of a mapping.
 * Whoever may do something to a container may look at it. */
int firn_read_grant(const struct firn_reading *reading, struct fy_node *node,
		    struct firn_grant *ret);

/* firn_read_people(reading, node, ret) -- "users" and "groups" of a mapping. */
int firn_read_people(const struct firn_reading *reading, struct fy_node *node,
		     struct firn_people *ret);

/* firn_read_path(reading, node, ret) -- an absolute path. */
int firn_read_path(const struct firn_reading *reading, struct fy_node *node,
		   char **ret);

/* firn_read_file(reading, node, ret) -- the path in {file: PATH}: a secret is
 * never in the policy itself. */
int firn_read_file(const struct firn_reading *reading, struct fy_node *node,
		   char **ret);

/* firn_more(items, n, size) -- room for one more, empty, at items[n]; the new
 * array, or NULL and `items` is as it was. */
void *firn_more(void *items, size_t n, size_t size);

/* firn_is_of(people, party) -- is this person among them? */
bool firn_is_of(const struct firn_people *people,
		const struct firn_party *party);

/* firn_policy_second(policy, role, what) -- the rule that asks for a second
 * person, or NULL. */
const struct firn_second *firn_policy_second(const struct firn_policy *policy,
					     enum firn_role role,
					     const struct firn_traits *what);

#endif
