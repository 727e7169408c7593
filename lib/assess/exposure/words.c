#include "assess/exposure/words.h"

#include <stdio.h>
#include <string.h>

#include "base/json.h"

#define MEMBER_MAX ((uint64_t)64 << 20)

static const struct {
	const char *text;
	enum firn_word_kind kind;
} words_known[] = {
	{ "stratum+tcp://", FIRN_WORD_MINING },
	{ "stratum+ssl://", FIRN_WORD_MINING },
	{ "\"mining.subscribe\"", FIRN_WORD_MINING },
	{ "\"method\":\"login\",\"params\":{\"login\":", FIRN_WORD_MINING },
	{ "/latest/meta-data/iam", FIRN_WORD_HUNTING },
	{ "/computeMetadata/v1", FIRN_WORD_HUNTING },
	{ "/metadata/identity/oauth2", FIRN_WORD_HUNTING },
	{ ".aws/credentials", FIRN_WORD_HUNTING },
	{ ".docker/config.json", FIRN_WORD_HUNTING },
	{ ".kube/config", FIRN_WORD_HUNTING },
	{ "kubernetes.io/serviceaccount/token", FIRN_WORD_HUNTING },
	{ "/.git-credentials", FIRN_WORD_HUNTING },
};

#define N_WORDS (sizeof(words_known) / sizeof(words_known[0]))

bool
firn_words_watches(const char *path)
{
	return strncmp(path, "data/logs/", 10) == 0 ||
	       strncmp(path, "data/network/queues/", 20) == 0 ||
	       strncmp(path, "data/memory/", 12) == 0;
}

static void
note(struct firn_words_seen *words, size_t which)
{
	const json_t *one;
	json_t *line;
	size_t i;

	json_array_foreach(words->seen, i, one) {
		const char *member = firn_json_string(one, "member", NULL);
		const char *word = firn_json_string(one, "word", NULL);

		if (strcmp(member, words->member) == 0 &&
		    strcmp(word, words_known[which].text) == 0)
			return;
	}
	line = json_object();
	firn_json_text(line, "member", words->member);
	firn_json_text(line, "word", words_known[which].text);
	json_object_set_new(line, "kind",
			    json_integer(words_known[which].kind));
	json_array_append_new(words->seen, line);
}

static void
look_in(struct firn_words_seen *words, const char *data, size_t len)
{
	for (size_t i = 0; i < N_WORDS; i++) {
		if (memmem(data, len, words_known[i].text,
			   strlen(words_known[i].text)) != NULL)
			note(words, i);
	}
}

/* A word that two blocks share stands in the end of one and the start of the
 * next. */
static void
look_at_border(struct firn_words_seen *words, const char *data, size_t len)
{
	char border[2 * FIRN_WORD_MAX];
	size_t head = len < FIRN_WORD_MAX ? len : FIRN_WORD_MAX;

	memcpy(border, words->tail, words->tail_len);
	memcpy(border + words->tail_len, data, head);
	look_in(words, border, words->tail_len + head);
	if (len >= FIRN_WORD_MAX) {
		memcpy(words->tail, data + len - FIRN_WORD_MAX, FIRN_WORD_MAX);
		words->tail_len = FIRN_WORD_MAX;
		return;
	}
	/* The last bytes of both. */
	head += words->tail_len;
	words->tail_len = head < FIRN_WORD_MAX ? head : FIRN_WORD_MAX;
	memcpy(words->tail, border + head - words->tail_len, words->tail_len);
}

void
firn_words_look(struct firn_words_seen *words, const char *path,
		const char *data, size_t len)
{
	if (strcmp(words->member, path) != 0) {
		snprintf(words->member, sizeof(words->member), "%s", path);
		words->tail_len = 0;
		words->bytes = 0;
	}
	if (words->bytes >= MEMBER_MAX || len == 0)
		return;
	words->bytes += len;
	look_in(words, data, len);
	look_at_border(words, data, len);
}
