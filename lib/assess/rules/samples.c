#include "assess/rules/samples.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "assess/rules/decode.h"

#define WORD_MAX 64
#define LENGTH_MAX 4096

#define DIGITS "0123456789"
#define LOWER "abcdefghijklmnopqrstuvwxyz"
#define UPPER "ABCDEFGHIJKLMNOPQRSTUVWXYZ"

static const struct {
	const char *name, *alphabet;
} alphabets[] = {
	{ "alnum", FIRN_BASE62 },       { "base32", UPPER "234567" },
	{ "base64", FIRN_BASE62 "+/" }, { "digits", DIGITS },
	{ "HEX", DIGITS "ABCDEF" },     { "hex", DIGITS "abcdef" },
	{ "letters", UPPER LOWER },     { "lower", DIGITS LOWER },
	{ "upper", DIGITS UPPER },      { "url", FIRN_BASE62 "-_" },
};

/* xorshift64*; Marsaglia, Vigna. */
uint32_t
firn_chance_below(struct firn_chance *chance, uint32_t limit)
{
	chance->state ^= chance->state >> 12;
	chance->state ^= chance->state << 25;
	chance->state ^= chance->state >> 27;
	return (uint32_t)(chance->state * 0x2545f4914f6cdd1dULL >> 32) % limit;
}

void
firn_chance_bytes(struct firn_chance *chance, unsigned char *ret, size_t n)
{
	for (size_t i = 0; i < n; i++)
		ret[i] = (unsigned char)firn_chance_below(chance, 256);
}

/* It begins and ends with a letter or digit, as patterns have it at a \b. */
static void
add_digits(struct firn_buf *buf, const char *alphabet, size_t n,
	   struct firn_chance *chance)
{
	size_t size = strlen(alphabet);

	for (size_t i = 0; i < n; i++) {
		uint32_t limit = (uint32_t)size;
		const char *edge = strpbrk(alphabet, "+-");

		if (edge != NULL && (i == 0 || i + 1 == n))
			limit = (uint32_t)(edge - alphabet);
		firn_buf_add(buf, alphabet + firn_chance_below(chance, limit),
			     1);
	}
}

static bool
add_of_alphabet(struct firn_buf *buf, const char *name, const char *arg,
		struct firn_chance *chance)
{
	char *end = NULL;
	unsigned long n = strtoul(arg, &end, 10);

	if (end == arg || *end != '\0' || n > LENGTH_MAX)
		return false;
	for (size_t i = 0; i < sizeof(alphabets) / sizeof(alphabets[0]); i++) {
		if (strcmp(alphabets[i].name, name) != 0)
			continue;
		add_digits(buf, alphabets[i].alphabet, n, chance);
		return true;
	}
	return false;
}

/* `{name:arg}`, `{name}`: its length; 0 for a brace that is only one. */
static size_t
word_at(const char *at, char name[WORD_MAX], char arg[WORD_MAX])
{
	size_t n = strspn(at + 1, LOWER UPPER DIGITS "-"), m = 0;
	const char *rest = at + 1 + n;

	if (n == 0 || n >= WORD_MAX)
		return 0;
	if (*rest == ':') {
		m = strspn(rest + 1, LOWER UPPER DIGITS "-_.");
		if (m >= WORD_MAX)
			return 0;
		memcpy(arg, rest + 1, m);
		rest += 1 + m;
	}
	if (*rest != '}')
		return 0;
	memcpy(name, at + 1, n);
	name[n] = '\0';
	arg[m] = '\0';
	return (size_t)(rest + 1 - at);
}

int
firn_sample(const char *sample, uint64_t seed, char **ret, struct firn_err *err)
{
	struct firn_chance chance = { seed * 0x9e3779b97f4a7c15ULL | 1 };
	autobuf struct firn_buf buf = { 0 };
	char name[WORD_MAX], arg[WORD_MAX];

	firn_buf_addf(&buf, "%s", "");
	for (const char *at = sample; *at != '\0';) {
		size_t n = *at == '{' ? word_at(at, name, arg) : 0;

		if (n == 0) {
			firn_buf_add(&buf, at++, 1);
			continue;
		}
		if (!add_of_alphabet(&buf, name, arg, &chance) &&
		    !firn_sample_made(name, arg, &chance, &buf)) {
			/* ${NAME} is a placeholder, and stays one. */
			if (arg[0] != '\0')
				return firn_err_set(err, EINVAL,
						    "a sample has {%s:%s}, "
						    "which can't be made",
						    name, arg);
			firn_buf_add(&buf, at, n);
		}
		at += n;
	}
	if (firn_buf_check(&buf, err) < 0)
		return -1;
	*ret = buf.data;
	buf = (struct firn_buf){ 0 };
	return 0;
}
