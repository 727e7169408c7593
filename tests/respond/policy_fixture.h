#ifndef TESTS_POLICY_FIXTURE_H
#define TESTS_POLICY_FIXTURE_H

/*
 * policy_fixture -- a policy from a text, people and containers made up.
 */

#include "check.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/auto.h"
#include "base/json.h"
#include "firn/policy.h"

static struct firn_err err;

static inline struct firn_policy *
policy_of(const char *text)
{
	struct firn_policy *policy = NULL;

	ck_assert_msg(firn_policy_parse(&policy, "/x/policy.yaml", text,
					strlen(text), &err) == 0,
		      "%s in:\n%s", err.text, text);
	return policy;
}

/* Labels as a runtime that has them all tells them. */
static inline struct firn_traits
docker(const char *name, const char *image, const json_t *labels)
{
	return (struct firn_traits){
		.id = "feed0123456789abcdef",
		.name = name,
		.image = image,
		.labels = labels,
		.labels_whole = true,
		.service = "web",
	};
}

static inline struct firn_traits
pod(const char *namespace, const char *name, const char *container,
    const char *image)
{
	return (struct firn_traits){
		.id = "beef0123456789abcdef",
		.name = container,
		.image = image,
		.pod_namespace = namespace,
		.pod_name = name,
		.pod_container = container,
		.service = "shop/web",
	};
}

static inline struct firn_party
person(const char *name, unsigned long uid, char **groups, size_t n)
{
	return (struct firn_party){
		.name = (char *)(uintptr_t)name,
		.uid = uid,
		.groups = groups,
		.n_groups = n,
	};
}

static inline struct firn_party
source(const char *name)
{
	return (struct firn_party){
		.is_source = true,
		.name = (char *)(uintptr_t)name,
	};
}

#endif
