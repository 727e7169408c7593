#include "assess/rules/valid.h"

#include <string.h>

static const struct firn_valid table[] = {
	{ 0 },
};

const struct firn_valid *
firn_valid_named(const char *name)
{
	for (const struct firn_valid *one = table; one->name != NULL; one++) {
		if (strcmp(one->name, name) == 0)
			return one;
	}
	return NULL;
}
