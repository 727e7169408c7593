#include "host/names.h"

#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/io.h"

#define NAME_MAX_BYTES 4096 /* of /etc/hostname */

static void
add(json_t *names, const char *name)
{
	if (name[0] != '\0')
		json_array_append_new(names, json_string(name));
}

json_t *
firn_host_names(void)
{
	json_t *names = json_array();
	const char *node = getenv("NODE_NAME");
	char name[HOST_NAME_MAX + 1] = "";
	autofree char *text = NULL;
	struct firn_err ignored = { 0 };

	if (gethostname(name, sizeof(name) - 1) == 0)
		add(names, name);
	if (firn_read_at(AT_FDCWD, "/etc/hostname", NAME_MAX_BYTES, &text, NULL,
			 &ignored) == 0) {
		text[strcspn(text, " \t\r\n")] = '\0';
		add(names, text);
	}
	if (node != NULL)
		add(names, node);
	return names;
}
