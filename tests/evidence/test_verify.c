/* Whatever happens to an archive, verify says so, and where. */

#include "evidence/fixture.h"

#include <sys/stat.h>

#include <zstd.h>

#include "base/buf.h"
#include "base/json.h"

#define ARCHIVE "a.firn.tar.zst"

static unsigned char *whole;
static size_t whole_len;

/* Frames of the archive in `whole`, by its own seek table. */
static size_t frames[64], n_frames;

static uint32_t
le32(const unsigned char *bytes)
{
	return (uint32_t)bytes[0] | (uint32_t)bytes[1] << 8 |
	       (uint32_t)bytes[2] << 16 | (uint32_t)bytes[3] << 24;
}

static void
load(const char *path)
{
	size_t at = 0, n;

	free(whole);
	ck_ok(firn_read_at(AT_FDCWD, path, 64 << 20, (char **)&whole,
			   &whole_len, &err));
	n = le32(whole + whole_len - 9);
	ck_assert_uint_lt(n, 60);
	for (size_t i = 0; i < n; i++) {
		frames[i] = at;
		at += le32(whole + whole_len - 9 - 8 * (n - i));
	}
	frames[n] = at; /* the seek table */
	frames[n + 1] = whole_len;
	n_frames = n + 1;
}

/* Three checkpoints, members before, between and behind them. */
static void
make_with(const char *path, size_t large, const struct firn_key *with)
{
	struct firn_archive_options options = { .path = path,
						.case_id = "CASE-1",
						.key = with };
	struct firn_err why = { .code = ESRCH, .text = "it's gone" };

	ck_ok(firn_archive_create(&archive, &options, &err));
	add_member("data/a", 100, 1);
	add_member("data/empty", 0, 1);
	ck_ok(firn_archive_checkpoint(archive, &err));
	add_member("data/b", 3000, 2);
	add_member("data/large", large, 3);
	firn_archive_gap(archive, "test", "what \xff", &why);
	ck_ok(firn_archive_checkpoint(archive, &err));
	add_member("data/c", 700, 4);
	seal();
}

static void
make(const char *path, size_t large)
{
	make_with(path, large, key);
}

static json_t *
verdict_on(const unsigned char *data, size_t len)
{
	autoclose int fd = open("changed", O_RDWR | O_CREAT | O_TRUNC, 0600);

	ck_ok(firn_write_all(fd, "changed", data, len, &err));
	return verdict_of("changed");
}

static void
expect_verdict(const json_t *found, const char *verdict, const char *when)
{
	autofree char *text = firn_json_line(found);

	ck_assert_msg(strcmp(firn_json_string(found, "verdict", NULL),
			     verdict) == 0,
		      "%s: not %s but %s", when, verdict, text);
}

static size_t
frame_of(size_t offset)
{
	size_t i = 0;

	while (i + 1 < n_frames && frames[i + 1] <= offset)
		i++;
	return i;
}

static bool
has_problem_in(const json_t *found, size_t frame)
{
	const json_t *problem;
	size_t i;

	json_array_foreach(json_object_get(found, "problems"), i, problem) {
		size_t offset = (size_t)json_integer_value(
			json_object_get(problem, "offset"));

		if (offset >= frames[frame] && offset < frames[frame + 1])
			return true;
	}
	return false;
}

static size_t
n_named(const json_t *found, const char *list)
{
	return json_array_size(firn_json_at(found, "members", list, NULL));
}

static size_t
n_whole(const json_t *found)
{
	return (size_t)json_integer_value(
		firn_json_at(found, "members", "whole", NULL));
}

START_TEST(an_archive_is_intact)
{
	autojson json_t *found = NULL;

	make(ARCHIVE, 3000000);
	found = verdict_of(ARCHIVE);
	expect_verdict(found, "intact", "untouched");
	ck_assert(json_is_true(json_object_get(found, "trusted")));
	ck_assert_str_eq(firn_json_string(found, "case", NULL), "CASE-1");
	ck_assert_str_eq(firn_json_string(found, "seal", NULL), sealed.seal);
	ck_assert_uint_eq(n_whole(found), sealed.members);
	ck_assert_uint_eq(n_named(found, "broken"), 0);
	ck_assert_uint_eq(n_named(found, "unsure"), 0);
	ck_assert_int_eq(json_integer_value(json_object_get(found, "gaps")), 1);
	ck_assert_uint_eq(json_array_size(json_object_get(found, "problems")),
			  0);
}
END_TEST

/* Flip a bit; it has to be found in its frame. */
static void
flip(size_t at, unsigned bit)
{
	autojson json_t *found = NULL;
	char when[64];

	whole[at] ^= (unsigned char)(1 << bit);
	found = verdict_on(whole, whole_len);
	whole[at] ^= (unsigned char)(1 << bit);
	snprintf(when, sizeof(when), "byte %zu of %zu, bit %u", at, whole_len,
		 bit);
	expect_verdict(found, "damaged", when);
	if (!has_problem_in(found, frame_of(at))) {
		autofree char *text = firn_json_line(found);

		ck_abort_msg("%s: %s", when, text);
	}
}

static uint64_t
next_random(void)
{
	static uint64_t x = 88172645463325252;

	x ^= x << 13;
	x ^= x >> 7;
	x ^= x << 17;
	return x;
}

START_TEST(a_flipped_bit_is_found_where_it_is)
{
	make(ARCHIVE, 5000);
	load(ARCHIVE);
	/* Headers and ends of frames, the trailer and the seek table. */
	for (size_t at = 0; at < whole_len; at++) {
		size_t frame = frame_of(at);

		if (at < frames[frame] + 20 || at + 10 >= frames[frame + 1] ||
		    frame + 2 >= n_frames)
			flip(at, (unsigned)(at * 5 % 8));
	}
	for (unsigned i = 0; i < 500; i++) {
		uint64_t random = next_random();

		flip((size_t)(random >> 8) % whole_len, random % 8);
	}
}
END_TEST

START_TEST(a_flipped_bit_in_a_large_member_is_found)
{
	make(ARCHIVE, 3000000);
	load(ARCHIVE);
	for (unsigned i = 0; i < 300; i++) {
		uint64_t random = next_random();

		flip((size_t)(random >> 8) % whole_len, random % 8);
	}
}
END_TEST

/* What the tar inside has up to some byte of it, by its headers alone. */
struct expected {
	size_t whole;
	json_t *broken, *unsure;
};

static bool
ends_with(const char *text, const char *end)
{
	size_t len = strlen(text), end_len = strlen(end);

	return len >= end_len && strcmp(text + len - end_len, end) == 0;
}

static struct expected
walk(const char *tar, size_t len)
{
	struct expected ret = { 0, json_array(), json_array() };
	size_t at = 0;

	while (at + 512 <= len && tar[at] != '\0') {
		const char *path = strchr(tar + at, '/') + 1;
		size_t size = strtoull(tar + at + 124, NULL, 8);

		at += 512 + (size + 511) / 512 * 512;
		if (at > len) {
			json_array_append_new(ret.broken, json_string(path));
			break;
		}
		json_array_append_new(ret.unsure, json_string(path));
		if (strncmp(path, "journal/", 8) != 0 ||
		    !ends_with(path, ".sig"))
			continue;
		ret.whole += json_array_size(ret.unsure);
		json_array_clear(ret.unsure);
	}
	return ret;
}

/* The frames that are whole in the first `len` bytes, unpacked. */
static size_t
unpack(char *tar, size_t size, size_t len)
{
	size_t have = 0;

	/* Not the trailer and the seek table. */
	for (size_t i = 0; i + 2 < n_frames && frames[i + 1] <= len; i++) {
		size_t n = ZSTD_decompress(tar + have, size - have,
					   whole + frames[i],
					   frames[i + 1] - frames[i]);

		ck_assert(!ZSTD_isError(n));
		have += n;
	}
	return have;
}

static void
cut(size_t len)
{
	size_t size = 8 << 20;
	autofree char *tar = calloc(1, size);
	struct expected expected = walk(tar, unpack(tar, size, len));
	autojson json_t *found = verdict_on(whole, len);
	autofree char *text = firn_json_line(found);
	char when[64];

	/* The trailer speaks for the seal. */
	if (len >= frames[n_frames - 1]) {
		expected.whole += json_array_size(expected.unsure);
		json_array_clear(expected.unsure);
	}
	snprintf(when, sizeof(when), "%zu bytes of %zu", len, whole_len);
	expect_verdict(found, "cut", when);
	ck_assert_msg(n_whole(found) == expected.whole, "%s: %zu whole: %s",
		      when, expected.whole, text);
	ck_assert_msg(json_equal(firn_json_at(found, "members", "broken", NULL),
				 expected.broken),
		      "%s: broken: %s", when, text);
	ck_assert_msg(json_equal(firn_json_at(found, "members", "unsure", NULL),
				 expected.unsure),
		      "%s: unsure: %s", when, text);
	ck_assert_msg(json_array_size(json_object_get(found, "problems")) == 0,
		      "%s: %s", when, text);
	json_decref(expected.broken);
	json_decref(expected.unsure);
}

START_TEST(a_cut_archive_names_what_is_whole)
{
	make(ARCHIVE, 3000000);
	load(ARCHIVE);
	for (size_t i = 0; i < n_frames; i++) {
		cut(frames[i]);
		cut(frames[i] + 1);
		cut(frames[i + 1] - 1);
	}
	for (unsigned i = 0; i < 220; i++)
		cut((size_t)(next_random() >> 8) % whole_len);
}
END_TEST

START_TEST(a_cut_in_a_long_checkpoint_names_it)
{
	struct firn_err why = { .code = EIO, .text = "no" };
	char what[8001] = "";

	create(ARCHIVE);
	add_member("data/a", 100, 1);
	/* More than a frame of them. */
	for (unsigned i = 0; i < 150; i++) {
		fill((unsigned char *)what, 4000, i);
		for (size_t k = 0; k < 8000; k++)
			what[k] = (char)('a' + next_random() % 26);
		firn_archive_gap(archive, "test", what, &why);
	}
	ck_ok(firn_archive_checkpoint(archive, &err));
	add_member("data/b", 100, 1);
	seal();
	load(ARCHIVE);
	for (size_t i = 0; i < n_frames; i++)
		cut(frames[i]);
}
END_TEST

/* Frame by frame, from this archive or another. */
static void
take(struct firn_buf *buf, size_t from, size_t until)
{
	firn_buf_add(buf, whole + frames[from], frames[until] - frames[from]);
}

static void
expect_of(const struct firn_buf *buf, const char *verdict, const char *what,
	  size_t i)
{
	autojson json_t *found =
		verdict_on((const unsigned char *)buf->data, buf->len);
	char when[64];

	snprintf(when, sizeof(when), "%s %zu of %zu", what, i, n_frames);
	expect_verdict(found, verdict, when);
}

START_TEST(frames_in_another_order_are_damage)
{
	make(ARCHIVE, 3000000);
	load(ARCHIVE);
	for (size_t i = 0; i < n_frames; i++) {
		autobuf struct firn_buf twice = { 0 }, swapped = { 0 };
		autobuf struct firn_buf without = { 0 };

		take(&twice, 0, i + 1);
		take(&twice, i, n_frames);
		expect_of(&twice, "damaged", "twice", i);
		take(&without, 0, i);
		take(&without, i + 1, n_frames);
		/* Without its end it's merely cut. */
		expect_of(&without, i + 1 < n_frames ? "damaged" : "cut",
			  "without", i);
		if (i + 1 == n_frames)
			continue;
		take(&swapped, 0, i);
		take(&swapped, i + 1, i + 2);
		take(&swapped, i, i + 1);
		take(&swapped, i + 2, n_frames);
		expect_of(&swapped, "damaged", "swapped", i);
	}
}
END_TEST

START_TEST(frames_of_another_archive_are_damage)
{
	autobuf struct firn_buf other = { 0 };
	size_t starts[64], n;

	/* The same case, the same key, the same members but one. */
	make("other", 5001);
	load("other");
	take(&other, 0, n_frames);
	memcpy(starts, frames, sizeof(starts));
	n = n_frames;
	make(ARCHIVE, 5000);
	load(ARCHIVE);
	ck_assert_uint_eq(n, n_frames);
	for (size_t i = 1; i < n; i++) {
		autobuf struct firn_buf grafted = { 0 }, one = { 0 };

		take(&grafted, 0, i);
		firn_buf_add(&grafted, other.data + starts[i],
			     other.len - starts[i]);
		/* Up to the first checkpoint both may be the same. */
		expect_of(&grafted,
			  grafted.len == other.len &&
					  memcmp(grafted.data, other.data,
						 other.len) == 0
				  ? "intact"
				  : "damaged",
			  "continued by another at", i);
		take(&one, 0, i);
		firn_buf_add(&one, other.data + starts[i],
			     starts[i + 1] - starts[i]);
		take(&one, i + 1, n);
		/* Some are the same in both. */
		if (one.len != whole_len ||
		    memcmp(one.data, whole, whole_len) != 0)
			expect_of(&one, "damaged", "another's frame at", i);
	}
}
END_TEST

START_TEST(a_member_slipped_in_is_damage)
{
	static const char ustar[] = "ustar\00000";
	char tar[1024] = "CASE-1/data/planted", sum[8];
	unsigned char frame[2048];
	unsigned total = 0;
	size_t len;

	make(ARCHIVE, 5000);
	load(ARCHIVE);
	/* Exactly as the writer would. */
	strcpy(tar + 100, "0000600");
	strcpy(tar + 108, "0000000");
	strcpy(tar + 116, "0000000");
	strcpy(tar + 124, "00000000005");
	strcpy(tar + 136, "00000000000");
	tar[156] = '0';
	memcpy(tar + 257, ustar, 8);
	memset(tar + 148, ' ', 8);
	for (size_t i = 0; i < 512; i++)
		total += (unsigned char)tar[i];
	snprintf(sum, sizeof(sum), "%06o", total);
	memcpy(tar + 148, sum, 7);
	memcpy(tar + 512, "liar\n", 5);
	len = ZSTD_compress(frame, sizeof(frame), tar, sizeof(tar), 1);
	ck_assert(!ZSTD_isError(len));
	for (size_t i = 0; i <= n_frames; i++) {
		autobuf struct firn_buf planted = { 0 };

		take(&planted, 0, i);
		firn_buf_add(&planted, frame, len);
		take(&planted, i, n_frames);
		expect_of(&planted, "damaged", "planted at", i);
	}
}
END_TEST

START_TEST(bytes_behind_the_end_are_damage)
{
	autobuf struct firn_buf one = { 0 }, twice = { 0 };

	make(ARCHIVE, 5000);
	load(ARCHIVE);
	take(&one, 0, n_frames);
	firn_buf_add(&one, "", 1);
	expect_of(&one, "damaged", "a byte behind", 0);
	take(&twice, 0, n_frames);
	take(&twice, 0, n_frames);
	expect_of(&twice, "damaged", "itself behind", 0);
}
END_TEST

START_TEST(an_archive_sealed_by_another_key_is_not_trusted)
{
	autodone(firn_key_close) struct firn_key *other = NULL;
	autojson json_t *found = NULL;
	char fingerprint[FIRN_FINGERPRINT];

	ck_ok(firn_key_make(&other, "other-key", &err));
	make_with(ARCHIVE, 5000, other);
	found = verdict_of(ARCHIVE);
	expect_verdict(found, "intact", "of another key");
	ck_assert(json_is_false(json_object_get(found, "trusted")));
	firn_key_fingerprint(other, fingerprint);
	ck_assert_str_eq(firn_json_string(found, "signer", NULL), fingerprint);
}
END_TEST

START_TEST(a_beginning_sealed_by_another_key_is_damage)
{
	autodone(firn_key_close) struct firn_key *other = NULL;
	autobuf struct firn_buf theirs = { 0 };
	size_t starts[64], n;

	ck_ok(firn_key_make(&other, "other-key", &err));
	make_with("theirs", 5000, other);
	load("theirs");
	take(&theirs, 0, n_frames);
	memcpy(starts, frames, sizeof(starts));
	n = n_frames;
	make(ARCHIVE, 5000);
	load(ARCHIVE);
	for (size_t i = 1; i < n_frames && i < n; i++) {
		autobuf struct firn_buf grafted = { 0 };

		take(&grafted, 0, i);
		firn_buf_add(&grafted, theirs.data + starts[i],
			     theirs.len - starts[i]);
		expect_of(&grafted, "damaged", "sealed by another from", i);
	}
}
END_TEST

START_TEST(what_is_not_ours_is_foreign)
{
	static const char *const commands[] = {
		"head -c 100000 /dev/urandom >foreign",
		"head -c 100000 /dev/zero >foreign",
		"echo 'some text' >foreign",
		"echo 'some text' | zstd -q --content-size -c >foreign",
		"echo 'some text' | zstd -q -c >foreign",
		"tar -cf foreign key",
		"tar --zstd -cf foreign key key.pub",
		"tar -cf - key | zstd -q -c --no-check >foreign",
		"gzip -c key >foreign",
	};

	for (size_t i = 0; i < sizeof(commands) / sizeof(*commands); i++) {
		autojson json_t *found = NULL;

		ck_assert_int_eq(system(commands[i]), 0);
		found = verdict_of("foreign");
		expect_verdict(found, "foreign", commands[i]);
		ck_assert_uint_eq(n_whole(found), 0);
	}
}
END_TEST

START_TEST(a_pipe_will_do)
{
	const struct firn_key *keys[] = { key };
	autojson json_t *found = NULL;
	FILE *pipe;

	make(ARCHIVE, 3000000);
	pipe = popen("cat " ARCHIVE, "r");
	ck_assert_ptr_nonnull(pipe);
	ck_ok(firn_verify(fileno(pipe), keys, 1, &found, &err));
	pclose(pipe);
	expect_verdict(found, "intact", "through a pipe");
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("verify");
	TCase *tcase = tcase_create("verify");

	suite_add_tcase(suite, tcase);
	tcase_set_timeout(tcase, 240);
	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_test(tcase, an_archive_is_intact);
	tcase_add_test(tcase, a_flipped_bit_is_found_where_it_is);
	tcase_add_test(tcase, a_flipped_bit_in_a_large_member_is_found);
	tcase_add_test(tcase, a_cut_archive_names_what_is_whole);
	tcase_add_test(tcase, a_cut_in_a_long_checkpoint_names_it);
	tcase_add_test(tcase, frames_in_another_order_are_damage);
	tcase_add_test(tcase, frames_of_another_archive_are_damage);
	tcase_add_test(tcase, a_member_slipped_in_is_damage);
	tcase_add_test(tcase, bytes_behind_the_end_are_damage);
	tcase_add_test(tcase, an_archive_sealed_by_another_key_is_not_trusted);
	tcase_add_test(tcase, a_beginning_sealed_by_another_key_is_damage);
	tcase_add_test(tcase, what_is_not_ours_is_foreign);
	tcase_add_test(tcase, a_pipe_will_do);
	return run_suite(suite);
}
