#include "respond/playbook/written.h"

#include <string.h>

#include "base/auto.h"
#include "base/closest.h"
#include "firn/collect.h"

/*
 * capture_step -- what is captured, in the words of whoever writes playbooks.
 */

#define COLLECTORS_MAX 32

/* What others call ours. */
static const struct {
	const char *word, *collector;
} synonyms[] = { { "metadata", "runtime" } };

#define N_SYNONYMS (sizeof(synonyms) / sizeof(synonyms[0]))

static const struct firn_collector *
collector_of(const char *word)
{
	size_t n;
	const struct firn_collector *const *all = firn_collectors(&n);

	for (size_t i = 0; i < N_SYNONYMS; i++)
		if (strcmp(synonyms[i].word, word) == 0)
			word = synonyms[i].collector;
	for (size_t i = 0; i < n; i++)
		if (strcmp(all[i]->name, word) == 0)
			return all[i];
	return NULL;
}

static int
not_a_collector(const struct firn_written *in, struct fy_node *node,
		const char *word, struct firn_err *err)
{
	const char *names[COLLECTORS_MAX + N_SYNONYMS + 1] = { 0 };
	const char *meant;
	size_t n, k = 0;
	const struct firn_collector *const *all = firn_collectors(&n);

	for (size_t i = 0; i < n && k < COLLECTORS_MAX; i++)
		names[k++] = all[i]->name;
	for (size_t i = 0; i < N_SYNONYMS; i++)
		names[k++] = synonyms[i].word;
	meant = firn_closest(word, names);
	return firn_yaml_error(in->yaml, node, err,
			       "\"%s\" can't be captured: firn capture --list "
			       "has what can%s%s%s",
			       word, meant != NULL ? "; did you mean \"" : "",
			       meant != NULL ? meant : "",
			       meant != NULL ? "\"?" : "");
}

static int
take_word(const struct firn_written *in, struct fy_node *node,
	  struct firn_step *step, struct firn_err *err)
{
	const struct firn_collector *collector;
	autofree char *word = NULL;

	if (firn_yaml_text(in->yaml, node, &word, err) < 0)
		return -1;
	collector = collector_of(word);
	if (collector == NULL)
		return not_a_collector(in, node, word, err);
	for (size_t i = 0; i < step->words.n; i++)
		if (strcmp(step->words.items[i], collector->name) == 0)
			return firn_yaml_error(in->yaml, node, err,
					       "\"%s\" is there already", word);
	if (collector->collect == NULL) {
		firn_written_warn(in, node,
				  "\"%s\" can't be captured yet; it is left "
				  "out",
				  word);
		return 0;
	}
	return firn_words_add(&step->words, collector->name,
			      strlen(collector->name), err);
}

static int
take_words(const struct firn_written *in, struct fy_node *node,
	   struct firn_step *step, struct firn_err *err)
{
	autofree char *all = NULL;
	struct fy_node *item;
	void *at = NULL;

	if (firn_written_says_nothing(node))
		return 0;
	if (fy_node_is_scalar(node)) {
		if (firn_yaml_text(in->yaml, node, &all, err) < 0)
			return -1;
		return strcmp(all, "all") == 0
			       ? 0
			       : firn_yaml_error(
					 in->yaml, node, err,
					 "\"all\", or a list of what is "
					 "captured, is expected here");
	}
	if (!fy_node_is_sequence(node))
		return firn_yaml_error(in->yaml, node, err,
				       "a list of what is captured is expected "
				       "here; how, stands under \"with\"");
	while ((item = fy_node_sequence_iterate(node, &at)) != NULL)
		if (take_word(in, item, step, err) < 0)
			return -1;
	/* An empty list means all, to who carries it out. */
	if (step->words.n == 0)
		return firn_yaml_error(in->yaml, node, err,
				       "nothing of this can be captured");
	return 0;
}

/* --- with -----------------------------------------------------------------
 */

static int
cannot_yet(const struct firn_written *in, struct fy_node *node, const char *key,
	   const char *instead)
{
	if (firn_yaml_at(node, key) != NULL)
		firn_written_warn(in, firn_yaml_at(node, key),
				  "\"%s\" can't be done yet: %s", key, instead);
	return 0;
}

static int
with_memory(const struct firn_written *in, struct fy_node *node,
	    struct firn_err *err)
{
	static const char *const keys[] = { "processes", "max_bytes",
					    "skip_file_backed", NULL };
	const struct firn_collector *memory = collector_of("memory");

	if (firn_yaml_keys(in->yaml, node, keys, err) < 0)
		return -1;
	/* Where it isn't built, that is said of the word itself. */
	if (memory == NULL || memory->collect == NULL)
		return 0;
	for (const char *const *key = keys; *key != NULL; key++)
		cannot_yet(in, node, *key, "all of it is captured");
	return 0;
}

static int
with_filesystem(const struct firn_written *in, struct fy_node *node,
		struct firn_err *err)
{
	static const char *const keys[] = { "what", "max_file", NULL };
	static const char *const whats[] = { "diff", "all", NULL };
	int what = 0;

	if (firn_yaml_keys(in->yaml, node, keys, err) < 0 ||
	    firn_yaml_choice(in->yaml, firn_yaml_at(node, "what"), whats, &what,
			     err) < 0)
		return -1;
	if (what == 1)
		firn_written_warn(in, firn_yaml_at(node, "what"),
				  "\"all\" can't be done yet: what the "
				  "container changed is captured, and the "
				  "image is named");
	return cannot_yet(in, node, "max_file",
			  "files of any size are "
			  "captured");
}

static int
with_logs(const struct firn_written *in, struct fy_node *node,
	  struct firn_err *err)
{
	static const char *const keys[] = { "since", NULL };

	if (firn_yaml_keys(in->yaml, node, keys, err) < 0)
		return -1;
	return cannot_yet(in, node, "since", "all logs are captured");
}

/* "volumes: all", or those that are listed. */
static int
with_volumes(const struct firn_written *in, struct fy_node *node,
	     struct firn_step *step, struct firn_err *err)
{
	static const char *const all[] = { "all", NULL };
	int which = 0;

	if (node == NULL)
		return 0;
	if (fy_node_is_scalar(node))
		return firn_yaml_choice(in->yaml, node, all, &which, err) < 0
			       ? -1
			       : firn_words_add(&step->volumes, "all", 3, err);
	if (firn_yaml_words(in->yaml, node, &step->volumes, err) < 0)
		return -1;
	for (size_t i = 0; i < step->volumes.n; i++)
		if (step->volumes.items[i][0] != '/')
			return firn_yaml_error(in->yaml, node, err,
					       "a volume is where it is "
					       "mounted in the container: "
					       "an absolute path");
	return 0;
}

int
firn_written_capture(const struct firn_written *in, struct fy_node *node,
		     struct fy_node *with, struct firn_step *step,
		     struct firn_err *err)
{
	static const char *const keys[] = { "memory", "filesystem", "logs",
					    "volumes", NULL };
	struct fy_node *memory = firn_yaml_at(with, "memory");
	struct fy_node *filesystem = firn_yaml_at(with, "filesystem");
	struct fy_node *logs = firn_yaml_at(with, "logs");

	if (take_words(in, node, step, err) < 0)
		return -1;
	if (with == NULL)
		return 0;
	if (firn_yaml_keys(in->yaml, with, keys, err) < 0 ||
	    (memory != NULL && with_memory(in, memory, err) < 0) ||
	    (filesystem != NULL && with_filesystem(in, filesystem, err) < 0) ||
	    (logs != NULL && with_logs(in, logs, err) < 0) ||
	    with_volumes(in, firn_yaml_at(with, "volumes"), step, err) < 0)
		return -1;
	return firn_written_json(in, with, &step->with, err);
}
