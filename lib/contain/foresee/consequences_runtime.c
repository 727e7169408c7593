#include <stdio.h>
#include <string.h>

#include "base/auto.h"
#include "base/json.h"
#include "contain/foresee/consequence.h"
#include "target/disk.h"

#define NS_PER_S 1000000000LL
/* Of a check that says nothing (moby, daemon/health.go). */
#define INTERVAL_S 30
#define RETRIES 3
/* More than this is as good as never. */
#define NUMBER_MAX 1000000000LL

/* How often containerd looks (runtime/restart/monitor). */
#define MONITOR_S 10

static long long
number(const json_t *object, const char *key, long long divisor,
       long long otherwise)
{
	json_int_t value = json_integer_value(json_object_get(object, key));

	value /= divisor;
	if (value <= 0)
		return otherwise;
	return value < NUMBER_MAX ? value : NUMBER_MAX;
}

static const char *
label(const json_t *config, const char *key)
{
	return firn_json_string(config, "Config", "Labels", key, NULL);
}

/* When it will be unhealthy, at the earliest; FIRN_SOME_TIME without a check.
 */
static long long
add_health_check(const json_t *config, json_t *list)
{
	const json_t *check =
		firn_json_at(config, "Config", "Healthcheck", NULL);
	const json_t *health = firn_json_at(config, "State", "Health", NULL);
	const char *test = json_string_value(
		json_array_get(json_object_get(check, "Test"), 0));
	const char *status = firn_json_string(health, "Status", NULL);
	long long interval = number(check, "Interval", NS_PER_S, INTERVAL_S);
	long long retries = number(check, "Retries", 1, RETRIES);
	long long failed = number(health, "FailingStreak", 1, 0);
	long long start = number(check, "StartPeriod", NS_PER_S, 0);
	long long left = retries > failed ? retries - failed : 1, first;

	if (test == NULL || strcmp(test, "NONE") == 0)
		return FIRN_SOME_TIME;
	if (status != NULL && strcmp(status, "unhealthy") == 0) {
		firn_consequence_add(list, "health-check", 0,
				     "it is unhealthy already, by Docker's "
				     "health check; Docker itself kills "
				     "nothing for that");
		return 0;
	}
	first = (left - 1) * interval;
	firn_consequence_add(
		list, "health-check", first,
		"health check, every %lld s, fails while it is frozen: Docker "
		"marks it unhealthy in %lld to %lld s%s; Docker itself kills "
		"nothing for that",
		interval, first, left * interval,
		status != NULL && strcmp(status, "starting") == 0 && start > 0
			? ", or once its start period is over"
			: "");
	return first;
}

static void
add_swarm(const json_t *config, long long unhealthy_s, json_t *list)
{
	const char *service = label(config, "com.docker.swarm.service.name");

	if (label(config, "com.docker.swarm.task.id") == NULL)
		return;
	if (unhealthy_s >= 0)
		firn_consequence_add(list, "orchestrator", unhealthy_s,
				     "it is a task of Swarm's service %s: "
				     "Swarm ends a task that is unhealthy, and "
				     "starts another one",
				     service != NULL ? service : "?");
	else
		firn_consequence_add(list, "orchestrator", FIRN_SOME_TIME,
				     "it is a task of Swarm's service %s: if "
				     "it ends, Swarm starts another one, "
				     "maybe elsewhere",
				     service != NULL ? service : "?");
}

static void
add_restart(const json_t *hostconfig, json_t *list)
{
	const char *policy =
		firn_json_string(hostconfig, "RestartPolicy", "Name", NULL);

	if (policy != NULL && policy[0] != '\0' && strcmp(policy, "no") != 0)
		firn_consequence_add(list, "restart", FIRN_SOME_TIME,
				     "restart policy %s: if it is killed, "
				     "Docker starts it again at once, neither "
				     "frozen nor cut",
				     policy);
	if (json_is_true(json_object_get(hostconfig, "AutoRemove")))
		firn_consequence_add(list, "auto-remove", FIRN_SOME_TIME,
				     "it was run with --rm: if it ends, Docker "
				     "removes it with all it has written");
}

void
firn_consequences_of_docker(const struct firn_target *target, json_t *list)
{
	autojson json_t *config =
		firn_consequence_record(target, "config.v2.json");
	autojson json_t *hostconfig =
		firn_consequence_record(target, "hostconfig.json");
	long long unhealthy_s = FIRN_SOME_TIME;

	if (config != NULL) {
		/* Docker checks nothing that it has paused. */
		if (!json_is_true(
			    firn_json_at(config, "State", "Paused", NULL)))
			unhealthy_s = add_health_check(config, list);
		add_swarm(config, unhealthy_s, list);
	}
	if (hostconfig != NULL)
		add_restart(hostconfig, list);
}

/* podman has systemd run its check, by a timer of the container's id. */
static void
add_timer(const struct firn_target *target, json_t *list)
{
	static const char key[] = "OnUnitInactiveSec=";
	autofree char *text = NULL;
	struct firn_err none = { 0 };
	char *every, *end;
	size_t len;

	if (firn_host_read(target->host,
			   disk_path("/run/systemd/transient/%s.timer",
				     target->id)
				   .text,
			   65536, &text, &len, &none) < 0)
		return;
	every = strstr(text, key);
	if (every == NULL)
		return;
	every += sizeof(key) - 1;
	end = every + strcspn(every, "\n");
	firn_consequence_add(list, "health-check", FIRN_SOME_TIME,
			     "health check, by a timer of systemd every %.*s, "
			     "fails while it is frozen: podman marks it "
			     "unhealthy, and does more only if it was made "
			     "with --health-on-failure, which stands in "
			     "podman's database",
			     (int)(end - every), every);
}

void
firn_consequences_of_podman(const struct firn_target *target, json_t *list)
{
	autojson json_t *config = NULL;
	const char *remove;

	if (target->runtime != FIRN_RUNTIME_PODMAN)
		return;
	add_timer(target, list);
	firn_consequence_add(list, "restart", FIRN_SOME_TIME,
			     "whether podman starts it again when it ends "
			     "stands in podman's database, which firn doesn't "
			     "read");
	config = firn_consequence_record(target, "oci-config.json");
	remove = firn_json_string(config, "annotations",
				  "io.podman.annotations.autoremove", NULL);
	if (remove != NULL && strcmp(remove, "TRUE") == 0)
		firn_consequence_add(list, "auto-remove", FIRN_SOME_TIME,
				     "it was run with --rm: if it ends, podman "
				     "removes it with all it has written");
}

void
firn_consequences_of_containerd(const struct firn_target *target, json_t *list)
{
	autojson json_t *config = NULL;
	const char *status;

	if (target->runtime != FIRN_RUNTIME_CONTAINERD)
		return;
	config = firn_consequence_record(target, "oci-config.json");
	status = firn_json_string(config, "annotations",
				  "containerd.io/restart.status", NULL);
	if (status == NULL || strcmp(status, "running") != 0)
		return;
	firn_consequence_add(list, "restart", 0,
			     "containerd's restart monitor is to keep it "
			     "running: every %d s it ends and starts anew what "
			     "does not run, and a frozen one is taken for "
			     "paused",
			     MONITOR_S);
}
