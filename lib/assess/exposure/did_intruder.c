#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "assess/exposure/checks.h"
#include "base/clock.h"
#include "base/json.h"

/*
 * did_intruder -- what intruders of containers usually leave: mining, tools,
 * the hunt for credentials.  None of it shows that they got out.
 *
 * Source: reports on TeamTNT, Kinsing and Hildegard.
 */

static bool
is_word_in(const char *text, const char *const *words)
{
	for (size_t i = 0; text != NULL && words[i] != NULL; i++) {
		if (strstr(text, words[i]) != NULL)
			return true;
	}
	return false;
}

/* What was said in logs, in sockets, in memory. */
static void
look_at_words(struct firn_looking *looking, enum firn_word_kind kind,
	      unsigned weight)
{
	const json_t *one;
	size_t i;

	json_array_foreach(looking->view->facts->words.seen, i, one) {
		const char *word = firn_json_string(one, "word", NULL);
		const char *member = firn_json_string(one, "member", NULL);

		if (json_integer_value(json_object_get(one, "kind")) ==
		    (json_int_t)kind)
			firn_reason_weighing(looking, weight, "%s has \"%s\"",
					     member, word);
	}
}

/* --- mining ---------------------------------------------------------------
 */

static bool
mines(const json_t *process)
{
	static const char *const words[] = { "stratum+tcp:",
					     "stratum+ssl:",
					     "stratum2+",
					     "xmrig",
					     "--donate-level",
					     "--randomx",
					     "cryptonight",
					     "minerd",
					     "moneroocean",
					     "supportxmr",
					     "nanopool.org",
					     "2miners.com",
					     "minexmr",
					     "c3pool",
					     "hashvault",
					     "kdevtmpfsi",
					     NULL };
	const json_t *arguments = json_object_get(process, "cmdline"), *one;
	size_t i;

	json_array_foreach(arguments, i, one) {
		if (is_word_in(json_string_value(one), words))
			return true;
	}
	return is_word_in(firn_json_string(process, "comm", NULL), words);
}

static bool
is_pool(json_int_t port)
{
	static const int ports[] = { 3333,  4444,  5555,  7777,  9999,
				     14433, 14444, 20128, 45560, 45700 };

	for (size_t i = 0; i < sizeof(ports) / sizeof(ports[0]); i++) {
		if (port == ports[i])
			return true;
	}
	return false;
}

static void
look_at_pools(struct firn_looking *looking)
{
	const json_t *socket;
	size_t i;

	json_array_foreach(firn_facts_json(looking->view->facts,
					   "data/network/sockets.jsonl"),
			   i, socket) {
		const char *address =
			firn_json_string(socket, "remote", "address", NULL);
		json_int_t port = json_integer_value(
			firn_json_at(socket, "remote", "port", NULL));

		if (address != NULL && is_pool(port))
			firn_reason_weighing(looking, 20,
					     "a connection to %s port %lld, as "
					     "mining pools have it",
					     address, (long long)port);
	}
}

/* A miner takes whole processors, for as long as it runs. */
static void
look_at_processor_time(struct firn_looking *looking)
{
	const char *now =
		firn_json_string(firn_facts_json(looking->view->facts,
						 "data/host/host.json"),
				 "clock", "now", NULL);
	time_t age = firn_time_seconds(now) -
		     firn_time_seconds(looking->view->started);
	const json_t *process;
	json_int_t used_ms = 0;
	size_t i;

	json_array_foreach(looking->view->processes, i, process) {
		used_ms +=
			json_integer_value(json_object_get(process, "user_ms"));
		used_ms += json_integer_value(
			json_object_get(process, "system_ms"));
	}
	if (now != NULL && age >= 600 && used_ms / 1000 > age * 9 / 10)
		firn_reason_weighing(looking, 10,
				     "its processes have used %lld%% of a "
				     "processor since it started",
				     (long long)used_ms / 10 / (long long)age);
}

/* RandomX is faster with huge pages, which root on the host reserves. */
static void
look_at_huge_pages(struct firn_looking *looking)
{
	size_t len;
	const char *text = firn_facts_text(looking->view->facts,
					   "data/host/meminfo", &len);
	const char *line =
		text == NULL ? NULL : memmem(text, len, "HugePages_Total:", 16);
	long pages = line == NULL ? 0 : strtol(line + 16, NULL, 10);

	if (pages > 0)
		firn_reason_weighing(looking, 10,
				     "the host has reserved %ld huge pages, "
				     "as miners (and databases) want it",
				     pages);
}

void
firn_look_mining(struct firn_looking *looking)
{
	const json_t *process;
	size_t i;

	if (!firn_needs_init(looking))
		return;
	json_array_foreach(looking->view->processes, i, process) {
		const char *comm = firn_json_string(process, "comm", NULL);

		if (mines(process))
			firn_reason(looking,
				    "process %lld (%s) has the "
				    "command line of a miner",
				    (long long)json_integer_value(
					    json_object_get(process, "pid")),
				    comm != NULL ? comm : "?");
	}
	look_at_pools(looking);
	look_at_words(looking, FIRN_WORD_MINING, looking->check->weight);
	look_at_processor_time(looking);
	look_at_huge_pages(looking);
}

/* --- programs without a file ----------------------------------------------
 */

void
firn_look_memory_only(struct firn_looking *looking)
{
	const json_t *process;
	size_t i;

	if (!firn_needs_init(looking))
		return;
	json_array_foreach(looking->view->processes, i, process) {
		const json_t *exe = json_object_get(process, "exe");
		const char *path = firn_json_string(exe, "path", NULL);
		bool memfd = path != NULL && strncmp(path, "/memfd:", 7) == 0;

		if (memfd || json_is_true(json_object_get(exe, "deleted")))
			firn_reason(looking, "process %lld runs %s, which %s",
				    (long long)json_integer_value(
					    json_object_get(process, "pid")),
				    path != NULL ? path : "a program",
				    memfd ? "is in memory only"
					  : "was deleted");
	}
}

/* --- tools ----------------------------------------------------------------
 */

static bool
is_tool(const char *path)
{
	static const char *const names[] = { "xmrig",
					     "kinsing",
					     "kdevtmpfsi",
					     "masscan",
					     "pnscan",
					     "zgrab",
					     "tmate",
					     "peirates",
					     "cdk",
					     "deepce.sh",
					     "amicontained",
					     "botb",
					     "diamorphine.ko",
					     "libprocesshider.so",
					     "linpeas.sh",
					     "traitor",
					     "pspy64",
					     "chisel",
					     "gsocket",
					     "ziggystartux",
					     "weave",
					     NULL };
	const char *slash = strrchr(path, '/');
	const char *name = slash != NULL ? slash + 1 : path;

	for (size_t i = 0; names[i] != NULL; i++) {
		if (strcmp(name, names[i]) == 0)
			return true;
	}
	return false;
}

void
firn_look_tools(struct firn_looking *looking)
{
	const json_t *change;
	size_t i;

	json_array_foreach(firn_needs(looking, "data/filesystem/changes.jsonl"),
			   i, change) {
		const char *path = firn_json_string(change, "path", NULL);
		const char *type = firn_json_string(change, "type", NULL);

		if (path != NULL && type != NULL && strcmp(type, "file") == 0 &&
		    is_tool(path))
			firn_reason(looking,
				    "/%s, by its name a tool of "
				    "intruders, was put into it",
				    path);
	}
}

/* --- the hunt for credentials ---------------------------------------------
 */

static bool
is_credential(const char *path)
{
	static const char *const words[] = {
		".aws/credentials", ".kube/config", ".docker/config.json",
		".git-credentials", ".netrc",       ".ssh/id_",
		".config/gcloud",   ".azure/",      ".pgpass",
		".npmrc",           ".vault-token", NULL
	};

	return is_word_in(path, words);
}

/* Only what the layer has of its own keeps an access time of its own. */
void
firn_look_hunting(struct firn_looking *looking)
{
	const json_t *change;
	size_t i;

	look_at_words(looking, FIRN_WORD_HUNTING, 10);
	json_array_foreach(firn_needs(looking, "data/filesystem/changes.jsonl"),
			   i, change) {
		const char *path = firn_json_string(change, "path", NULL);
		const char *accessed =
			firn_json_string(change, "accessed", NULL);
		const char *changed = firn_json_string(change, "changed", NULL);

		if (path != NULL && accessed != NULL && changed != NULL &&
		    is_credential(path) && strcmp(accessed, changed) > 0 &&
		    firn_view_since(looking->view, accessed))
			firn_reason(looking, "/%s was read at %s", path,
				    accessed);
	}
}
