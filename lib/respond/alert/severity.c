#include "firn/alert.h"

#include <strings.h>

/* syslog(3)'s levels, as Falco has them, and what others call them. */
static const struct {
	const char *word;
	int level;
} words[] = {
	{ "emergency", 0 },     { "emerg", 0 },       { "panic", 0 },
	{ "fatal", 0 },         { "alert", 1 },       { "critical", 2 },
	{ "crit", 2 },          { "error", 3 },       { "err", 3 },
	{ "high", 3 },          { "major", 3 },       { "warning", 4 },
	{ "warn", 4 },          { "medium", 4 },      { "moderate", 4 },
	{ "notice", 5 },        { "low", 5 },         { "minor", 5 },
	{ "informational", 6 }, { "information", 6 }, { "info", 6 },
	{ "none", 6 },          { "debug", 7 },
};

int
firn_alert_severity(const char *word)
{
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strcasecmp(word, words[i].word) == 0)
			return words[i].level;
	return -1;
}
