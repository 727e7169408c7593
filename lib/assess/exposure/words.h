#ifndef ASSESS_WORDS_H
#define ASSESS_WORDS_H

/*
 * words -- what intruders say, in members that are too large to be kept: logs,
 * what stood in sockets, memory.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <jansson.h>

enum firn_word_kind {
	FIRN_WORD_MINING,
	FIRN_WORD_HUNTING,
};

#define FIRN_WORD_MAX 64 /* a word is shorter */

struct firn_words_seen {
	json_t *seen; /* array of { "member", "word", "kind" }, each once */
	char member[256];
	char tail[FIRN_WORD_MAX]; /* of what came before, of this member */
	size_t tail_len;
	uint64_t bytes; /* of this member */
};

/* firn_words_watches(path) -- is this member looked through? */
bool firn_words_watches(const char *path);

/* firn_words_look(words, path, data, len) -- the next bytes of a member, up to
 * 64 MiB of each; one after the other. */
void firn_words_look(struct firn_words_seen *words, const char *path,
		     const char *data, size_t len);

#endif
