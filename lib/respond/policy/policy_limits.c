#include "respond/policy/rules.h"

#include <stdint.h>
#include <string.h>

#include "base/auto.h"
#include "base/io.h"

/*
 * policy_limits -- how much at most, and when.
 */

#define FREEZES_MAX 100000
#define RUNNING_MAX 64

/* A node that is NULL leaves both as they are. */
static int
read_count(const struct firn_reading *reading, struct fy_node *node, long *ret,
	   struct firn_place *ret_place)
{
	unsigned number = 0;

	if (node == NULL)
		return 0;
	if (firn_yaml_number(reading->yaml, node, 0, FREEZES_MAX, &number,
			     reading->err) < 0)
		return -1;
	firn_yaml_place(node, &ret_place->line, &ret_place->column);
	*ret = (long)number;
	return 0;
}

/* "50%" */
static int
read_share(const struct firn_reading *reading, struct fy_node *node,
	   struct firn_limits *ret)
{
	autofree char *text = NULL;
	uint64_t percent = 0;
	size_t len;

	if (node == NULL)
		return 0;
	if (firn_yaml_text(reading->yaml, node, &text, reading->err) < 0)
		return -1;
	len = strlen(text);
	if (len > 1 && text[len - 1] == '%') {
		text[len - 1] = '\0';
		if (firn_is_decimal(text, &percent) && percent >= 1 &&
		    percent <= 100) {
			ret->stopped_share = (long)percent;
			firn_yaml_place(node, &ret->share_at.line,
					&ret->share_at.column);
			return 0;
		}
	}
	return firn_yaml_error(reading->yaml, node, reading->err,
			       "a share from 1%% to 100%% is expected here");
}

static int
read_single(const struct firn_reading *reading, struct fy_node *node,
	    struct firn_limits *ret)
{
	static const char *const names[] = { "refuse", "allow", NULL };
	int which = 0;

	if (node != NULL && ret->stopped_share < 0)
		return firn_yaml_error(reading->yaml, node, reading->err,
				       "single-replica is of stopped-share, "
				       "which isn't there");
	if (firn_yaml_choice(reading->yaml, node, names, &which, reading->err) <
	    0)
		return -1;
	ret->stops_single = which == 1;
	return 0;
}

int
firn_read_limits(const struct firn_reading *reading, struct fy_node *node)
{
	static const char *const keys[] = {
		"freezes-per-hour",
		"freezes-per-hour-and-service",
		"stopped-share",
		"single-replica",
		"running",
		"people",
		NULL,
	};
	struct firn_limits *limits = &reading->policy->limits;

	if (node == NULL)
		return 0;
	if (firn_yaml_keys(reading->yaml, node, keys, reading->err) < 0 ||
	    read_count(reading, firn_yaml_at(node, "freezes-per-hour"),
		       &limits->freezes_hour, &limits->freezes_at) < 0 ||
	    read_count(reading,
		       firn_yaml_at(node, "freezes-per-hour-and-service"),
		       &limits->freezes_hour_service,
		       &limits->service_at) < 0 ||
	    read_share(reading, firn_yaml_at(node, "stopped-share"), limits) <
		    0 ||
	    read_single(reading, firn_yaml_at(node, "single-replica"), limits) <
		    0)
		return -1;
	return firn_yaml_number(reading->yaml, firn_yaml_at(node, "running"), 1,
				RUNNING_MAX,
				&reading->policy->keeping.max_running,
				reading->err) < 0
		       ? -1
		       : firn_yaml_flag(reading->yaml,
					firn_yaml_at(node, "people"),
					&limits->people, reading->err);
}

/* --- quiet hours ----------------------------------------------------------
 */

static int
read_days(const struct firn_reading *reading, struct fy_node *node,
	  unsigned *ret)
{
	static const char *const names[] = { "sun", "mon", "tue", "wed",
					     "thu", "fri", "sat", NULL };
	struct fy_node *item;
	void *at = NULL;

	if (node == NULL) {
		*ret = 0x7f;
		return 0;
	}
	if (!fy_node_is_sequence(node) || fy_node_sequence_is_empty(node))
		return firn_yaml_error(reading->yaml, node, reading->err,
				       "a list of days is expected here: "
				       "[mon, tue]");
	while ((item = fy_node_sequence_iterate(node, &at)) != NULL) {
		int which = 0;

		if (firn_yaml_choice(reading->yaml, item, names, &which,
				     reading->err) < 0)
			return -1;
		*ret |= 1u << which;
	}
	return 0;
}

/* Minutes of "06:30"; "24:00" is the end of the day.  -1 for what is no time.
 */
static int
minutes_of(const char *text)
{
	int hour, minute;

	if (strlen(text) != 5 || text[2] != ':')
		return -1;
	for (size_t i = 0; i < 5; i++)
		if (i != 2 && (text[i] < '0' || text[i] > '9'))
			return -1;
	hour = (text[0] - '0') * 10 + text[1] - '0';
	minute = (text[3] - '0') * 10 + text[4] - '0';
	return minute > 59 || hour * 60 + minute > 1440 ? -1
							: hour * 60 + minute;
}

static int
read_time(const struct firn_reading *reading, struct fy_node *node,
	  struct fy_node *rule, const char *key, unsigned *ret)
{
	autofree char *text = NULL;
	int minutes;

	if (node == NULL)
		return firn_yaml_error(reading->yaml, rule, reading->err,
				       "lacks `%s`", key);
	if (firn_yaml_text(reading->yaml, node, &text, reading->err) < 0)
		return -1;
	minutes = minutes_of(text);
	if (minutes < 0)
		return firn_yaml_error(reading->yaml, node, reading->err,
				       "\"%s\" is no time of the day, as "
				       "\"06:30\"",
				       text);
	*ret = (unsigned)minutes;
	return 0;
}

static int
read_zone(const struct firn_reading *reading, struct fy_node *node, bool *ret)
{
	static const char *const names[] = { "local", "UTC", NULL };
	int which = 0;

	if (firn_yaml_choice(reading->yaml, node, names, &which, reading->err) <
	    0)
		return -1;
	*ret = which == 1;
	return 0;
}

static int
read_quiet(const struct firn_reading *reading, struct fy_node *node)
{
	static const char *const keys[] = { "days",        "from", "to",
					    "sources-may", "zone", NULL };
	struct firn_policy *policy = reading->policy;
	struct firn_quiet *items =
		firn_more(policy->quiet, policy->n_quiet, sizeof(*items));
	struct firn_quiet *one;

	if (items == NULL)
		return firn_err_nomem(reading->err);
	policy->quiet = items;
	one = &items[policy->n_quiet++];
	firn_yaml_place(node, &one->place.line, &one->place.column);
	if (firn_yaml_keys(reading->yaml, node, keys, reading->err) < 0 ||
	    read_days(reading, firn_yaml_at(node, "days"), &one->days) < 0 ||
	    read_time(reading, firn_yaml_at(node, "from"), node, "from",
		      &one->from_m) < 0 ||
	    read_time(reading, firn_yaml_at(node, "to"), node, "to",
		      &one->to_m) < 0 ||
	    read_zone(reading, firn_yaml_at(node, "zone"), &one->utc) < 0)
		return -1;
	if (one->from_m == one->to_m || one->from_m == 1440)
		return firn_yaml_error(reading->yaml, node, reading->err,
				       "ends when it begins; a whole day is "
				       "from \"00:00\" to \"24:00\"");
	if (firn_yaml_at(node, "sources-may") == NULL)
		return firn_yaml_error(reading->yaml, node, reading->err,
				       "lacks `sources-may`; [] is nothing");
	return firn_read_roles(reading, firn_yaml_at(node, "sources-may"),
			       &one->may);
}

int
firn_read_quiet_hours(const struct firn_reading *reading, struct fy_node *node)
{
	return firn_read_list(reading, node, read_quiet);
}
