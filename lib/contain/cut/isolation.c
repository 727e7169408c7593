#include <errno.h>

#include "base/json.h"
#include "contain/cut/allow.h"
#include "firn/isolate.h"

json_t *
firn_isolation_json(const struct firn_isolation *how)
{
	return json_pack("{s:o, s:b, s:b, s:b, s:b, s:b}", "allow",
			 firn_allow_json(how), "pod", how->whole_pod,
			 "loopback", how->cut_loopback, "unix", how->cut_unix,
			 "log", how->log, "reset", how->reset);
}

static bool
is_set(const json_t *options, const char *key)
{
	return json_is_true(json_object_get(options, key));
}

int
firn_isolation_parse(const json_t *options, struct firn_isolation *ret,
		     struct firn_allow rules[FIRN_ALLOW_MAX],
		     struct firn_err *err)
{
	const json_t *allow = json_object_get(options, "allow"), *text;
	struct firn_isolation how = {
		.allow = rules,
		.whole_pod = is_set(options, "pod"),
		.cut_loopback = is_set(options, "loopback"),
		.cut_unix = is_set(options, "unix"),
		.log = is_set(options, "log"),
		.reset = is_set(options, "reset"),
	};
	size_t i;

	json_array_foreach(allow, i, text) {
		if (i == FIRN_ALLOW_MAX || !json_is_string(text))
			return firn_err_set(err, EBADMSG,
					    "ledger: options of an isolation");
		if (firn_allow_parse(json_string_value(text), &rules[i], err) <
		    0)
			return firn_err_in(err, "ledger");
		how.n_allow = i + 1;
	}
	*ret = how;
	return 0;
}
