#include "traffic.h"

#include "base/json.h"
#include "cmd.h"

/* The rest is in --json. */
#define SHOWN_MAX 20

static long long
number(const json_t *object, const char *key)
{
	return json_integer_value(json_object_get(object, key));
}

static const char *
text(const json_t *object, const char *key)
{
	const char *value = firn_json_string(object, key, NULL);

	return value != NULL ? value : "?";
}

void
firn_show_reset(FILE *out, const json_t *reset)
{
	const json_t *flows = json_object_get(reset, "flows"), *open;
	size_t i;

	if (reset == NULL)
		return;
	firn_show_row(out, "reset",
		      "%lld connections destroyed, %lld could not be; %lld "
		      "tracked ones taken away",
		      number(reset, "destroyed"), number(reset, "failed"),
		      number(flows, "container") + number(flows, "host"));
	if (json_object_get(reset, "silent") != NULL)
		firn_show_row(out, "reset", "%s", text(reset, "silent"));
	json_array_foreach(json_object_get(reset, "open"), i, open) {
		firn_show_row(out, "reset", "%s", json_string_value(open));
	}
}

static void
show_attempt(FILE *out, const json_t *attempt)
{
	const char *remote = firn_json_string(attempt, "remote", NULL);
	long long port = number(attempt, "port");
	char suffix[32] = "";

	if (port > 0)
		snprintf(suffix, sizeof(suffix), " port %lld", port);
	firn_show_row(out, "attempt",
		      "%s %s %s%s%s: %lld packets, %lld bytes, last %s",
		      text(attempt, "direction"), text(attempt, "protocol"),
		      remote != NULL ? remote : "", suffix,
		      remote != NULL ? "" : "(no address)",
		      number(attempt, "packets"), number(attempt, "bytes"),
		      text(attempt, "last"));
}

void
firn_show_attempts(FILE *out, const json_t *attempts)
{
	size_t n = json_array_size(attempts);

	for (size_t i = 0; i < n && i < SHOWN_MAX; i++)
		show_attempt(out, json_array_get(attempts, i));
	if (n > SHOWN_MAX)
		firn_show_row(out, "attempt", "and %zu more, with --json",
			      n - SHOWN_MAX);
	if (json_is_array(attempts) && n == 0)
		firn_show_row(out, "attempt", "none so far");
}

void
firn_show_unix(FILE *out, const json_t *sockets)
{
	const json_t *socket;
	size_t i;

	json_array_foreach(sockets, i, socket) {
		const char *source = firn_json_string(socket, "source", NULL);

		if (source != NULL)
			firn_show_row(out, "unix",
				      "%s of the host is mounted "
				      "on %s",
				      source, text(socket, "path"));
		else
			firn_show_row(out, "unix",
				      "process %lld talks to process %lld (%s) "
				      "over %s",
				      number(socket, "pid"),
				      number(socket, "peer_pid"),
				      text(socket, "peer_comm"),
				      text(socket, "path"));
	}
}
