#include "assess/contents.h"

#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>

/* As of a file on the node. */
#define WHOLE_MAX ((size_t)8 << 20)

static void
forget(struct firn_contents *contents)
{
	if (contents->bytes.len > 0)
		OPENSSL_cleanse(contents->bytes.data, contents->bytes.len);
	contents->bytes.len = 0;
	contents->is_open = false;
	free(contents->path);
	contents->path = NULL;
}

void
firn_contents_close(struct firn_contents *contents)
{
	forget(contents);
	firn_secret_free(&contents->bytes);
}

int
firn_contents_begin(struct firn_contents *contents,
		    const struct firn_secret_place *place, uint64_t size,
		    struct firn_err *err)
{
	contents->place = *place;
	if (place->path != NULL) {
		contents->path = strdup(place->path);
		contents->place.path = contents->path;
	}
	if (place->path != NULL && contents->path == NULL)
		return firn_err_nomem(err);
	contents->is_open = true;
	contents->is_long = size > WHOLE_MAX;
	if (!contents->is_long)
		return 0;
	return firn_checklist_start(contents->looking.list, &contents->text,
				    &contents->place, err);
}

int
firn_contents_add(struct firn_contents *contents, const void *bytes, size_t len,
		  struct firn_err *err)
{
	if (contents->is_long)
		return firn_checklist_piece(&contents->text, bytes, len, err);
	return firn_secret_add(&contents->bytes, bytes, len, err);
}

int
firn_contents_end(struct firn_contents *contents, struct firn_err *err)
{
	int done = 0;

	if (!contents->is_open)
		return 0;
	if (contents->is_long)
		done = firn_checklist_end(&contents->text, err);
	else if (contents->bytes.len > 0)
		done = firn_look_at_contents(&contents->looking,
					     &contents->place,
					     contents->bytes.data,
					     contents->bytes.len, err);
	forget(contents);
	return done < 0 ? -1 : 0;
}
