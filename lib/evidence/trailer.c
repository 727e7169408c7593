#include "evidence/journal.h"

/* One line a frame: where, stored size, plain size, digest. */
int
firn_list_frames(const struct firn_frames *frames, uint64_t from,
		 uint64_t until, struct firn_buf *ret, struct firn_err *err)
{
	for (uint64_t i = from; i < until; i++) {
		struct firn_frame frame;
		char digest[FIRN_SHA256_TEXT];

		if (firn_frames_get(frames, i, &frame, err) < 0)
			return -1;
		firn_hex(frame.sha256, sizeof(frame.sha256), digest);
		firn_buf_addf(ret, "%s[%llu,%u,%u,\"%s\"]",
			      i > from ? ",\n" : "",
			      (unsigned long long)frame.offset, frame.stored,
			      frame.plain, digest);
	}
	return firn_buf_check(ret, err);
}

int
firn_trailer_text(const char *case_id, uint64_t sequence,
		  const unsigned char previous[FIRN_SHA256],
		  const unsigned char seal[FIRN_SHA256],
		  const struct firn_frames *frames, uint64_t from,
		  struct firn_buf *ret, struct firn_err *err)
{
	char previous_text[FIRN_SHA256_TEXT], seal_text[FIRN_SHA256_TEXT];

	firn_hex(previous, FIRN_SHA256, previous_text);
	firn_hex(seal, FIRN_SHA256, seal_text);
	firn_buf_addf(ret,
		      "{\"format\":\"firn-trailer-1\",\n\"case\":\"%s\",\n"
		      "\"sequence\":%llu,\n\"previous\":\"%s\",\n"
		      "\"seal\":\"%s\",\n\"frames\":[\n",
		      case_id, (unsigned long long)sequence, previous_text,
		      seal_text);
	if (firn_list_frames(frames, from, frames->n, ret, err) < 0)
		return -1;
	firn_buf_addf(ret, "]}\n");
	return firn_buf_check(ret, err);
}
