/* Archives made to hurt their reader: it stays within bounds and says no. */

#include "evidence/fixture.h"

#include <sys/resource.h>
#include <time.h>

#include <zstd.h>

#include "base/buf.h"
#include "base/json.h"
#include "evidence/format.h"
#include "evidence/tar.h"

/* Peak memory of a verification, whatever it reads.  AddressSanitizer keeps
 * what was freed. */
#ifdef __SANITIZE_ADDRESS__
#define MOST_MEMORY_KIB (700 << 10)
#else
#define MOST_MEMORY_KIB (160 << 10)
#endif

static struct firn_buf file, tar;

static void
hostile_setup(void)
{
	setup();
	firn_buf_free(&file);
	firn_buf_free(&tar);
}

/* What is in `tar` becomes frames. */
static void
end_frame(void)
{
	size_t at = 0;
	unsigned char *stored = malloc(ZSTD_compressBound(FIRN_FRAME));
	ZSTD_CCtx *zstd = ZSTD_createCCtx();

	ZSTD_CCtx_setParameter(zstd, ZSTD_c_checksumFlag, 1);
	while (at < tar.len) {
		size_t part = tar.len - at, n;

		if (part > FIRN_FRAME)
			part = FIRN_FRAME;
		n = ZSTD_compress2(zstd, stored, ZSTD_compressBound(FIRN_FRAME),
				   tar.data + at, part);
		ck_assert(!ZSTD_isError(n));
		firn_buf_add(&file, stored, n);
		at += part;
	}
	ZSTD_freeCCtx(zstd);
	free(stored);
	tar.len = 0;
}

static void
add_header(const char *path, uint64_t size)
{
	char full[300];
	struct firn_tar_entry entry = {
		.type = FIRN_TAR_FILE, .path = full, .mode = 0600, .size = size
	};

	snprintf(full, sizeof(full), "CASE-1/%s", path);
	entry.mtime.tv_sec = 1;
	ck_ok(firn_tar_header(&entry, &tar, &err));
}

static void
add_file(const char *path, const void *data, size_t len)
{
	add_header(path, len);
	firn_buf_add(&tar, data, len);
	firn_buf_fill(&tar, 0, firn_tar_padding(len));
}

static void
add_signer(void)
{
	add_file("signer.pem", firn_key_public(key),
		 strlen(firn_key_public(key)));
}

/* A checkpoint that our own key signed, whatever it says. */
static void
add_checkpoint(const struct firn_buf *text, unsigned number)
{
	unsigned char signature[FIRN_SIGNATURE];
	char path[40];

	snprintf(path, sizeof(path), "journal/%06u.json", number);
	ck_ok(firn_key_sign(key, text->data, text->len, signature, &err));
	add_file(path, text->data, text->len);
	strcat(path, ".sig");
	add_file(path, signature, sizeof(signature));
	end_frame();
}

static void
begin_checkpoint(struct firn_buf *text, unsigned number)
{
	char signer[FIRN_FINGERPRINT];

	firn_key_fingerprint(key, signer);
	firn_buf_addf(text,
		      "{\"format\":\"firn-checkpoint-1\",\"case\":\"CASE-1\","
		      "\"sequence\":%u,\"time\":\"\",\"boot_id\":\"b\","
		      "\"signer\":\"%s\",\"previous\":\"%064d\",",
		      number, signer, 0);
}

/* It's never intact, and costs no more than it may. */
static json_t *
refused(void)
{
	autoclose int fd = open("hostile", O_RDWR | O_CREAT | O_TRUNC, 0600);
	struct rusage usage;
	const char *verdict;
	json_t *found;

	ck_ok(firn_write_all(fd, "hostile", file.data, file.len, &err));
	found = verdict_of("hostile");
	verdict = firn_json_string(found, "verdict", NULL);
	ck_assert_str_ne(verdict, "intact");
	getrusage(RUSAGE_SELF, &usage);
	ck_assert_int_lt(usage.ru_maxrss, MOST_MEMORY_KIB);
	return found;
}

static void
expect_refused(const char *expected)
{
	autojson json_t *found = refused();

	ck_assert_str_eq(firn_json_string(found, "verdict", NULL), expected);
}

START_TEST(headers_that_claim_the_world_are_damage)
{
	static const struct {
		const char *bytes;
		size_t len;
	} frames[] = {
		/* Content of 2^60 bytes, in one segment and with a window. */
		{ "\x28\xb5\x2f\xfd\xe4\0\0\0\0\0\0\0\x10\1\0\0", 16 },
		{ "\x28\xb5\x2f\xfd\xc4\xff\0\0\0\0\0\0\0\x10\1\0\0", 17 },
		/* A window of 3.75 TiB around one byte. */
		{ "\x28\xb5\x2f\xfd\x84\xff\1\0\0\0\x09\0\0x\0\0\0\0", 18 },
		/* A dictionary. */
		{ "\x28\xb5\x2f\xfd\x27\xff\xff\xff\xff\1\x09\0\0x", 14 },
		/* A megabyte from one repeated byte, and its wrong checksum. */
		{ "\x28\xb5\x2f\xfd\xa4\0\0\x10\0\3\0\x80x\0\0\0\0", 17 },
		/* A trailer and a seek table of 4 GiB, and other skipping. */
		{ "\x5d\x2a\x4d\x18\xff\xff\xff\xff{}", 10 },
		{ "\x5e\x2a\x4d\x18\xff\xff\xff\xff{}", 10 },
		{ "\x50\x2a\x4d\x18\xff\xff\xff\xff{}", 10 },
	};

	for (size_t i = 0; i < sizeof(frames) / sizeof(*frames); i++) {
		autojson json_t *found = NULL;

		file.len = 0;
		add_signer();
		add_file("data/a", "a", 1);
		end_frame();
		firn_buf_add(&file, frames[i].bytes, frames[i].len);
		add_file("data/b", "b", 1);
		end_frame();
		found = refused();
	}
}
END_TEST

START_TEST(a_member_of_an_exbibyte_is_merely_not_there)
{
	add_signer();
	add_header("data/huge", (uint64_t)1 << 60);
	firn_buf_fill(&tar, 'x', 3 << 20);
	end_frame();
	expect_refused("cut");
}
END_TEST

START_TEST(a_checkpoint_of_many_values_is_not_read)
{
	autobuf struct firn_buf text = { 0 };

	begin_checkpoint(&text, 1);
	firn_buf_addf(&text, "\"members\":[");
	for (size_t i = 0; i < 2 << 20; i++)
		firn_buf_add(&text, "{},", 3);
	firn_buf_addf(&text, "0]}");
	add_signer();
	add_checkpoint(&text, 1);
	expect_refused("damaged");
}
END_TEST

START_TEST(a_deep_checkpoint_is_not_read)
{
	autobuf struct firn_buf text = { 0 };

	begin_checkpoint(&text, 1);
	firn_buf_addf(&text, "\"members\":");
	firn_buf_fill(&text, '[', 200000);
	firn_buf_fill(&text, ']', 200000);
	firn_buf_addf(&text, "}");
	add_signer();
	add_checkpoint(&text, 1);
	expect_refused("damaged");
}
END_TEST

START_TEST(a_checkpoint_longer_than_any_of_ours_is_not_read)
{
	autobuf struct firn_buf text = { 0 };

	begin_checkpoint(&text, 1);
	firn_buf_addf(&text, "\"members\":[],\"gaps\":[\"");
	firn_buf_fill(&text, 'x', 40 << 20);
	firn_buf_addf(&text, "\"]}");
	add_signer();
	add_checkpoint(&text, 1);
	expect_refused("damaged");
}
END_TEST

START_TEST(nonsense_in_a_signed_checkpoint_is_damage)
{
	static const char *const texts[] = {
		"\"members\":{\"a\":1}}",
		"\"members\":[1,null,\"x\",{\"path\":3}]}",
		"\"members\":[],\"frames\":[[1,2]]}",
		"\"members\":[],\"frames\":[[-1,-1,-1,\"x\"]]}",
		("\"members\":[],\"frames\":[[99999999999999,5,5,"
		 "\"00000000000000000000000000000000"
		 "00000000000000000000000000000000\"]]}"),
		("\"members\":[{\"path\":\"../../etc/passwd\",\"size\":1,"
		 "\"sha256\":\"x\"}]}"),
		"\"members\":[],\"gaps_so_far\":-5}",
		"\"case\":\"CASE-1\"}",
		"",
	};

	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		autobuf struct firn_buf text = { 0 };
		autojson json_t *found = NULL;

		file.len = 0;
		begin_checkpoint(&text, 1);
		firn_buf_addf(&text, "%s", texts[i]);
		add_signer();
		add_file("data/a", "a", 1);
		end_frame();
		add_checkpoint(&text, 1);
		found = refused();
		ck_assert_uint_gt(json_array_size(
					  json_object_get(found, "problems")),
				  0);
	}
}
END_TEST

START_TEST(many_members_in_no_order_cost_little_time)
{
	struct timespec before, after;
	autobuf struct firn_buf text = { 0 };
	autojson json_t *found = NULL;
	char path[64];

	add_signer();
	for (unsigned i = 0; i < 60000; i++) {
		snprintf(path, sizeof(path), "data/%u", i);
		add_file(path, "", 0);
	}
	end_frame();
	begin_checkpoint(&text, 1);
	firn_buf_addf(&text, "\"members\":[");
	for (unsigned i = 60000; i-- > 0;)
		firn_buf_addf(&text,
			      "{\"path\":\"data/%u\",\"size\":1,"
			      "\"sha256\":\"%064d\"}%s",
			      i, 0, i > 0 ? "," : "]}");
	add_checkpoint(&text, 1);
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &before);
	found = refused();
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &after);
	/* Each with each would be minutes. */
	ck_assert_int_lt(after.tv_sec - before.tv_sec, 20);
	ck_assert_str_eq(firn_json_string(found, "verdict", NULL), "damaged");
}
END_TEST

START_TEST(a_file_full_of_beginnings_is_passed_over)
{
	static const unsigned char magic[] = { 0x28, 0xb5, 0x2f, 0xfd, 0xa4,
					       0,    0,    0x10, 0 };

	for (size_t i = 0; i < 500000; i++)
		firn_buf_add(&file, magic, sizeof(magic));
	expect_refused("foreign");
}
END_TEST

START_TEST(headers_that_only_look_like_ours_are_damage)
{
	char *block;

	for (size_t at = 0; at < 512; at++) {
		autojson json_t *found = NULL;

		file.len = 0;
		add_signer();
		end_frame();
		add_file("data/a", "a", 1);
		block = tar.data;
		block[at] = (char)(block[at] ^ 1);
		end_frame();
		found = refused();
		ck_assert_str_eq(firn_json_string(found, "verdict", NULL),
				 "damaged");
	}
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("hostile");
	TCase *tcase = tcase_create("hostile");

	suite_add_tcase(suite, tcase);
	tcase_set_timeout(tcase, 120);
	tcase_add_checked_fixture(tcase, hostile_setup, teardown);
	tcase_add_test(tcase, headers_that_claim_the_world_are_damage);
	tcase_add_test(tcase, a_member_of_an_exbibyte_is_merely_not_there);
	tcase_add_test(tcase, a_checkpoint_of_many_values_is_not_read);
	tcase_add_test(tcase, a_deep_checkpoint_is_not_read);
	tcase_add_test(tcase, a_checkpoint_longer_than_any_of_ours_is_not_read);
	tcase_add_test(tcase, nonsense_in_a_signed_checkpoint_is_damage);
	tcase_add_test(tcase, many_members_in_no_order_cost_little_time);
	tcase_add_test(tcase, a_file_full_of_beginnings_is_passed_over);
	tcase_add_test(tcase, headers_that_only_look_like_ours_are_damage);
	return run_suite(suite);
}
