#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/auto.h"
#include "base/json.h"
#include "evidence/case_folder.h"
#include "firn/reader.h"
#include "firn/secrets.h"

#define CASE_MAX ((uint64_t)1 << 20)

/* data/case.json comes first, but for what describes the bag. */
#define MEMBERS_BEFORE 16

static int
take_case(struct firn_reader *reader, uint64_t size, char ret[FIRN_CASE_ID],
	  struct firn_err *err)
{
	autojson json_t *json = NULL;
	autofree char *text = NULL;
	const char *id;
	size_t have = 0;
	ssize_t n = 1;

	if (size > CASE_MAX)
		return firn_err_set(err, EFBIG, "data/case.json is too large");
	text = calloc(1, (size_t)size + 1);
	if (text == NULL)
		return firn_err_nomem(err);
	while (have < size && n > 0) {
		n = firn_reader_read(reader, text + have, (size_t)size - have,
				     err);
		have += n > 0 ? (size_t)n : 0;
	}
	if (n < 0 ||
	    firn_json_parse(text, have, "data/case.json", &json, err) < 0)
		return -1;
	id = firn_json_string(json, "case", NULL);
	if (id == NULL || !firn_case_id_is_valid(id))
		return firn_err_set(err, EBADMSG, "data/case.json has no case");
	snprintf(ret, FIRN_CASE_ID, "%s", id);
	return 0;
}

int
firn_secrets_case(int fd, char ret[FIRN_CASE_ID], struct firn_err *err)
{
	autodone(firn_reader_close) struct firn_reader *reader = NULL;
	const char *path;
	uint64_t size;
	int more = 1;

	if (firn_reader_open(&reader, fd, err) < 0)
		return -1;
	for (int i = 0; i < MEMBERS_BEFORE && more > 0; i++) {
		more = firn_reader_next(reader, &path, &size, err);
		if (more > 0 && strcmp(path, "data/case.json") == 0)
			return take_case(reader, size, ret, err);
	}
	if (more < 0)
		return -1;
	return firn_err_set(err, EBADMSG,
			    "no data/case.json in it: not an archive of "
			    "firn's");
}
