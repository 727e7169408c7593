/* A lab needs no firn: the programs that every Debian has read an archive. */

#include "evidence/fixture.h"

#include "base/buf.h"
#include "base/json.h"

#define ARCHIVE "a.firn.tar.zst"
#define VERIFY "openssl pkeyutl -verify -pubin -inkey signer.pem -rawin -in "

static void
make(void)
{
	struct firn_err why = { .code = ESRCH, .text = "it's gone" };

	create(ARCHIVE);
	add_member("data/case.json", 400, 1);
	add_member("data/empty", 0, 1);
	ck_ok(firn_archive_checkpoint(archive, &err));
	add_member("data/processes/17/maps", 3000, 2);
	/* A name that needs a pax header. */
	add_member(
		"data/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
		"/bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
		"/cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc",
		9, 3);
	add_member("data/filesystem/layer.tar", 5000000, 3);
	firn_archive_gap(archive, "test", "what \xff\n", &why);
	ck_ok(firn_archive_checkpoint(archive, &err));
	add_member("data/timeline.jsonl", 512, 4);
	seal();
}

/* Runs it in the shell, silently; what it printed is in the file `said`. */
static int
run(const char *command)
{
	autofree char *line = NULL;

	ck_assert_int_gt(asprintf(&line, "(%s) >%s/said 2>&1", command, folder),
			 0);
	return system(line);
}

static char *
said(void)
{
	char *text;
	size_t len;
	char path[96];

	snprintf(path, sizeof(path), "%s/said", folder);
	ck_ok(firn_read_at(AT_FDCWD, path, 1 << 20, &text, &len, &err));
	return text;
}

static void
works(const char *command)
{
	int status = run(command);
	autofree char *text = said();

	ck_assert_msg(status == 0, "%s: %s", command, text);
}

static void
unpacks(void)
{
	autofree char *text = NULL;

	make();
	works("tar --zstd -xf " ARCHIVE);
	text = said();
	ck_assert_str_eq(text, "");
	ck_assert_int_eq(chdir("CASE-1"), 0);
}

START_TEST(tar_unpacks_it_without_a_word)
{
	unpacks();
	works("test $(stat -c %s data/filesystem/layer.tar) = 5000000");
	works("test -z \"$(find . -type f -perm /077)\"");
	works("test -z \"$(find . ! -type f ! -type d)\"");
}
END_TEST

START_TEST(sha256sum_checks_both_manifests)
{
	unpacks();
	works("sha256sum --strict --quiet -c manifest-sha256.txt "
	      "tagmanifest-sha256.txt");
	works("printf x | dd of=data/case.json conv=notrunc bs=1 seek=3");
	ck_assert_int_ne(run("sha256sum -c manifest-sha256.txt"), 0);
}
END_TEST

START_TEST(openssl_verifies_the_seal)
{
	unpacks();
	works(VERIFY "tagmanifest-sha256.txt "
		     "-sigfile tagmanifest-sha256.txt.sig");
	works("cmp signer.pem ../key.pub");
	works("printf x | dd of=tagmanifest-sha256.txt conv=notrunc bs=1");
	ck_assert_int_ne(run(VERIFY "tagmanifest-sha256.txt -sigfile "
				    "tagmanifest-sha256.txt.sig"),
			 0);
}
END_TEST

START_TEST(openssl_verifies_every_checkpoint)
{
	unpacks();
	works("test $(ls journal/*.json | wc -l) = 3");
	works("for checkpoint in journal/*.json; do " VERIFY
	      "$checkpoint -sigfile $checkpoint.sig || exit 1; done");
}
END_TEST

START_TEST(a_checkpoint_names_the_digest_of_the_one_before)
{
	unpacks();
	works("for n in 2 3; do "
	      "grep -q \"\\\"previous\\\":\\\"$(sha256sum <journal/00000$((n - "
	      "1)).json | cut -c1-64)\\\"\" journal/00000$n.json || exit 1; "
	      "done");
}
END_TEST

START_TEST(the_commands_of_its_readme_work)
{
	unpacks();
	works("test $(grep -c '^  ' README.txt) -ge 3");
	works("sed -n 's/^  //p' README.txt >../commands && "
	      "sh -e ../commands");
}
END_TEST

/* RFC 8493: each payload file is listed, each tag file too, no other. */
START_TEST(it_is_a_bag)
{
	unpacks();
	works("head -1 bagit.txt | grep -qx 'BagIt-Version: 1.0'");
	works("sed -n 2p bagit.txt | "
	      "grep -qx 'Tag-File-Character-Encoding: UTF-8'");
	works("find data -type f | sort >../found && "
	      "cut -c67- manifest-sha256.txt | sort | cmp - ../found");
	works("find . -path ./data -prune -o -type f "
	      "! -name 'tagmanifest-*' -printf '%P\\n' | sort >../found && "
	      "cut -c67- tagmanifest-sha256.txt | sort | cmp - ../found");
	works("oxum=$(find data -type f -printf '%s\\n' | "
	      "awk '{ n++; sum += $1 } END { print sum \".\" n }') && "
	      "grep -qx \"Payload-Oxum: $oxum\" bag-info.txt");
}
END_TEST

START_TEST(zstd_tests_every_frame)
{
	make();
	works("zstd -q -t " ARCHIVE);
	works("zstd -l " ARCHIVE);
}
END_TEST

/* The commands of firn-archive(5) for the frames of a checkpoint. */
START_TEST(a_frame_is_checked_where_the_journal_says_it_is)
{
	unpacks();
	works("n=0; grep -ho '^\\[[0-9]*,[0-9]*,[0-9]*,\"[0-9a-f]*\"\\]' "
	      "journal/*.json | tr -d '[]\"' >../frames && "
	      "while IFS=, read -r offset stored plain digest; do "
	      "test \"$(tail -c +$((offset + 1)) ../" ARCHIVE " | "
	      "head -c $stored | sha256sum | cut -c1-64)\" = $digest || "
	      "exit 1; n=$((n + 1)); done <../frames; test $n -ge 5");
}
END_TEST

START_TEST(what_is_left_of_a_cut_one_unpacks_and_is_signed)
{
	make();
	/* Behind the second checkpoint, in the middle of something. */
	works("head -c $(($(stat -c %s " ARCHIVE ") - 1500)) " ARCHIVE " >cut");
	ck_assert_int_ne(run("tar --zstd -xf cut"), 0);
	ck_assert_int_eq(chdir("CASE-1"), 0);
	works(VERIFY "journal/000002.json -sigfile journal/000002.json.sig");
	works("sed -n 's/.*\"path\":\"\\([^\"]*\\)\".*\"sha256\":"
	      "\"\\([0-9a-f]*\\)\".*/\\2  \\1/p' journal/000001.json "
	      "journal/000002.json >../listed && "
	      "grep -q layer.tar ../listed && "
	      "sha256sum --strict --quiet -c ../listed");
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("stock");
	TCase *tcase = tcase_create("stock");

	if (system("zstd -V >/dev/null 2>&1 && openssl version >/dev/null "
		   "2>&1") != 0) {
		puts("skipped: zstd or openssl is not installed");
		return 77;
	}
	suite_add_tcase(suite, tcase);
	tcase_set_timeout(tcase, 60);
	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_test(tcase, tar_unpacks_it_without_a_word);
	tcase_add_test(tcase, sha256sum_checks_both_manifests);
	tcase_add_test(tcase, openssl_verifies_the_seal);
	tcase_add_test(tcase, openssl_verifies_every_checkpoint);
	tcase_add_test(tcase, a_checkpoint_names_the_digest_of_the_one_before);
	tcase_add_test(tcase, the_commands_of_its_readme_work);
	tcase_add_test(tcase, it_is_a_bag);
	tcase_add_test(tcase, zstd_tests_every_frame);
	tcase_add_test(tcase, a_frame_is_checked_where_the_journal_says_it_is);
	tcase_add_test(tcase, what_is_left_of_a_cut_one_unpacks_and_is_signed);
	return run_suite(suite);
}
