#include "respond/playbook/written.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/json.h"
#include "base/text.h"

static void FIRN_PRINTF(4, 0) warn(struct firn_playbook *playbook, int line,
				   int column, const char *fmt, va_list args)
{
	autojson json_t *text = firn_json_message(fmt, args);

	if (text == NULL)
		return;
	if (line == 0)
		json_array_append_new(playbook->warnings,
				      json_sprintf("%s: %s", playbook->file,
						   json_string_value(text)));
	else
		json_array_append_new(playbook->warnings,
				      json_sprintf("%s:%d:%d: %s",
						   playbook->file, line, column,
						   json_string_value(text)));
}

void
firn_playbook_warn(struct firn_playbook *playbook, int line, int column,
		   const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	warn(playbook, line, column, fmt, args);
	va_end(args);
}

void
firn_written_warn(const struct firn_written *in, struct fy_node *node,
		  const char *fmt, ...)
{
	int line, column;
	va_list args;

	firn_yaml_place(node, &line, &column);
	va_start(args, fmt);
	warn(in->playbook, line, column, fmt, args);
	va_end(args);
}

bool
firn_written_says_nothing(struct fy_node *node)
{
	size_t len = 0;

	if (node == NULL)
		return true;
	if (fy_node_is_mapping(node))
		return fy_node_mapping_item_count(node) == 0;
	return fy_node_is_scalar(node) &&
	       (fy_node_get_scalar(node, &len) == NULL || len == 0);
}

/* A backslash is what stands for others, and may stand for itself here. */
static int
shows_as_it_is(const char *text, size_t len, bool *ret, struct firn_err *err)
{
	autofree char *shown = firn_escape(text, len);
	size_t expected = len;

	if (shown == NULL)
		return firn_err_nomem(err);
	for (size_t i = 0; i < len; i++)
		expected += text[i] == '\\';
	*ret = strlen(shown) == expected;
	return 0;
}

int
firn_written_text(const struct firn_written *in, struct fy_node *node,
		  size_t max, char **ret, struct firn_err *err)
{
	autofree char *text = NULL;
	bool shows = false;
	size_t len;

	if (node == NULL)
		return 0;
	if (firn_yaml_text(in->yaml, node, &text, err) < 0)
		return -1;
	len = strlen(text);
	/* Which a folded text ends with. */
	while (len > 0 && text[len - 1] == '\n')
		text[--len] = '\0';
	if (len == 0 || len > max)
		return firn_yaml_error(in->yaml, node, err,
				       "a text of 1 to %zu bytes is expected "
				       "here",
				       max);
	if (shows_as_it_is(text, len, &shows, err) < 0)
		return -1;
	if (!shows)
		return firn_yaml_error(in->yaml, node, err,
				       "holds what a terminal can't show as "
				       "it is");
	free(*ret);
	*ret = firn_steal(text);
	return 0;
}

int
firn_written_url(const struct firn_written *in, struct fy_node *node,
		 const char *const *schemes, char **ret, struct firn_err *err)
{
	autofree char *url = NULL;

	if (node == NULL)
		return 0;
	if (firn_written_text(in, node, FIRN_PLAYBOOK_URL, &url, err) < 0)
		return -1;
	if (strchr(url, ' ') != NULL)
		return firn_yaml_error(in->yaml, node, err,
				       "a URL has no blank in it");
	for (const char *const *scheme = schemes; *scheme != NULL; scheme++) {
		size_t len = strlen(*scheme);

		if (strncmp(url, *scheme, len) == 0 &&
		    strspn(url + len, "/") < strlen(url + len)) {
			free(*ret);
			*ret = firn_steal(url);
			return 0;
		}
	}
	return firn_yaml_error(in->yaml, node, err,
			       "a URL that begins with %s is expected here",
			       schemes[0]);
}

int
firn_written_path(const struct firn_written *in, struct fy_node *node,
		  char **ret, struct firn_err *err)
{
	autofree char *path = NULL;

	if (node == NULL)
		return 0;
	if (firn_written_text(in, node, FIRN_PLAYBOOK_URL, &path, err) < 0)
		return -1;
	if (path[0] != '/')
		return firn_yaml_error(in->yaml, node, err,
				       "an absolute path is expected here");
	free(*ret);
	*ret = firn_steal(path);
	return 0;
}

int
firn_written_secret(const struct firn_written *in, struct fy_node *node,
		    char **ret, struct firn_err *err)
{
	static const char *const keys[] = { "file", NULL };
	struct fy_node *file = firn_yaml_at(node, "file");

	if (node == NULL)
		return 0;
	if (firn_yaml_keys(in->yaml, node, keys, err) < 0)
		return -1;
	if (file == NULL)
		return firn_yaml_error(in->yaml, node, err,
				       "a secret stands in a file of its own: "
				       "secret: {file: PATH}");
	return firn_written_path(in, file, ret, err);
}

static int
json_list(const struct firn_written *in, struct fy_node *node, json_t **ret,
	  struct firn_err *err)
{
	autojson json_t *list = json_array();
	struct fy_node *item;
	void *at = NULL;

	while ((item = fy_node_sequence_iterate(node, &at)) != NULL) {
		json_t *one = NULL;

		if (firn_written_json(in, item, &one, err) < 0)
			return -1;
		json_array_append_new(list, one);
	}
	*ret = firn_steal(list);
	return 0;
}

static int
json_keys(const struct firn_written *in, struct fy_node *node, json_t **ret,
	  struct firn_err *err)
{
	autojson json_t *object = json_object();
	struct fy_node_pair *pair;
	void *at = NULL;

	while ((pair = fy_node_mapping_iterate(node, &at)) != NULL) {
		autofree char *key = NULL;
		json_t *one = NULL;

		if (firn_written_text(in, fy_node_pair_key(pair),
				      FIRN_PLAYBOOK_TEXT, &key, err) < 0 ||
		    firn_written_json(in, fy_node_pair_value(pair), &one, err) <
			    0)
			return -1;
		json_object_set_new(object, key, one);
	}
	*ret = firn_steal(object);
	return 0;
}

/* As deep as firn_yaml_open() lets it be. */
int
firn_written_json(const struct firn_written *in, struct fy_node *node,
		  json_t **ret, struct firn_err *err)
{
	autofree char *text = NULL;

	if (node == NULL) {
		*ret = json_string("");
		return 0;
	}
	if (fy_node_is_sequence(node))
		return json_list(in, node, ret, err);
	if (fy_node_is_mapping(node))
		return json_keys(in, node, ret, err);
	if (firn_written_text(in, node, FIRN_PLAYBOOK_TEXT, &text, err) < 0)
		return -1;
	*ret = json_string(text);
	return *ret == NULL ? firn_err_nomem(err) : 0;
}
