#include "collect/json_stream.h"

#include <string.h>

#include "base/auto.h"
#include "base/json.h"

static int
add_text(struct firn_spool *spool, const char *text, struct firn_err *err)
{
	return firn_spool_add(spool, text, strlen(text), err);
}

int
firn_json_stream_add(struct firn_spool *spool, json_t *object,
		     struct firn_err *err)
{
	autojson json_t *owned = object;
	autofree char *line = firn_json_line(owned);

	if (line == NULL)
		return firn_err_nomem(err);
	if (add_text(spool, line, err) < 0)
		return -1;
	return add_text(spool, "\n", err);
}

int
firn_json_array_add(struct firn_spool *spool, json_t *object,
		    struct firn_err *err)
{
	autojson json_t *owned = object;
	autofree char *line = firn_json_line(owned);

	if (line == NULL)
		return firn_err_nomem(err);
	if (add_text(spool, spool->size == 0 ? "[\n" : ",\n", err) < 0)
		return -1;
	return add_text(spool, line, err);
}

int
firn_json_array_end(struct firn_spool *spool, struct firn_err *err)
{
	return add_text(spool, spool->size == 0 ? "[]\n" : "\n]\n", err);
}
