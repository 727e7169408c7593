#include <errno.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/json.h"
#include "check.h"
#include "host/netlink.h"
#include "host/netlink_apart.h"
#include "host/netlink_json.h"

static struct firn_err err;

struct request {
	struct nlmsghdr header;
	struct ifinfomsg link;
};

static struct request
of_type(uint16_t type)
{
	struct request request = { .header = { .nlmsg_len = sizeof(request),
					       .nlmsg_type = type } };

	return request;
}

static int
route_socket(void)
{
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);

	ck_assert_int_ge(fd, 0);
	return fd;
}

static int
count(const struct nlmsghdr *message, void *arg, struct firn_err *why)
{
	(void)why;
	ck_assert_uint_eq(message->nlmsg_type, RTM_NEWLINK);
	++*(int *)arg;
	return 0;
}

static int
refuse(const struct nlmsghdr *message, void *arg, struct firn_err *why)
{
	(void)message;
	(void)arg;
	return firn_err_set(why, ENOSPC, "full");
}

START_TEST(a_dump_comes_to_its_end_and_can_be_asked_for_again)
{
	autoclose int fd = route_socket();
	struct firn_netlink_dumped dumped;
	int n = 0;

	for (int i = 0; i < 2; i++) {
		struct request request = of_type(RTM_GETLINK);

		ck_ok(firn_netlink_dump(
			&(struct firn_netlink_question){ fd, 5000, count, &n },
			&request.header, &dumped, &err));
		ck_assert_int_eq(dumped.why.code, 0);
		ck_assert_uint_ge(dumped.messages, 1);
	}
	ck_assert_int_ge(n, 2); /* loopback, twice */
}
END_TEST

START_TEST(what_the_kernel_refuses_is_why_not_a_failure)
{
	autoclose int fd = route_socket();
	struct request request = of_type(RTM_MAX + 1);
	struct firn_netlink_dumped dumped;
	int n = 0;

	ck_ok(firn_netlink_dump(&(struct firn_netlink_question){ fd, 5000,
								 count, &n },
				&request.header, &dumped, &err));
	ck_assert_int_eq(dumped.why.code, EOPNOTSUPP);
	ck_assert_int_eq(n, 0);
}
END_TEST

START_TEST(who_takes_the_messages_can_end_the_dump)
{
	autoclose int fd = route_socket();
	struct request request = of_type(RTM_GETLINK);
	struct firn_netlink_dumped dumped;

	ck_fails(firn_netlink_dump(&(struct firn_netlink_question){ fd, 5000,
								    refuse,
								    NULL },
				   &request.header, &dumped, &err),
		 ENOSPC);
}
END_TEST

/* A protocol where nobody answers: user space must, and doesn't. */
START_TEST(an_answer_that_does_not_come_is_why)
{
	autoclose int fd = -1;
	int ends[2], n = 0;
	struct request request = of_type(RTM_GETLINK);
	struct firn_netlink_dumped dumped;

	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_DGRAM, 0, ends), 0);
	fd = ends[0];
	ck_ok(firn_netlink_dump(&(struct firn_netlink_question){ fd, 50, count,
								 &n },
				&request.header, &dumped, &err));
	ck_assert_int_eq(dumped.why.code, ETIMEDOUT);
	close(ends[1]);
}
END_TEST

/* What somebody might send us in the kernel's place. */
static int
dump_of(const void *answer, size_t len, struct firn_netlink_dumped *dumped)
{
	struct request request = of_type(RTM_GETLINK);
	autoclose int fd = -1;
	int ends[2], n = 0;

	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_DGRAM, 0, ends), 0);
	fd = ends[0];
	ck_assert_int_eq(send(ends[1], answer, len, 0), (ssize_t)len);
	ck_ok(firn_netlink_dump(&(struct firn_netlink_question){ fd, 50, count,
								 &n },
				&request.header, dumped, &err));
	close(ends[1]);
	return n;
}

START_TEST(a_message_that_is_longer_than_what_came_is_refused)
{
	struct nlmsghdr lie = { .nlmsg_len = 4096, .nlmsg_type = RTM_NEWLINK };
	struct firn_netlink_dumped dumped;

	ck_assert_int_eq(dump_of(&lie, sizeof(lie), &dumped), 0);
	ck_assert_int_eq(dumped.why.code, EBADMSG);
	lie.nlmsg_len = 3;
	ck_assert_int_eq(dump_of(&lie, sizeof(lie), &dumped), 0);
	ck_assert_int_eq(dumped.why.code, EBADMSG);
}
END_TEST

START_TEST(a_message_that_answers_another_question_is_passed_over)
{
	struct nlmsghdr other = { .nlmsg_len = sizeof(other),
				  .nlmsg_type = RTM_NEWLINK,
				  .nlmsg_seq = 0xffffffff };
	struct firn_netlink_dumped dumped;

	ck_assert_int_eq(dump_of(&other, sizeof(other), &dumped), 0);
	ck_assert_int_eq(dumped.why.code, ETIMEDOUT);
}
END_TEST

static const struct firn_attribute inner[] = {
	{ 1, FIRN_ATTR_BIG, "port" },
	{ 0 },
};
static const struct firn_attribute table[] = {
	{ 1, FIRN_ATTR_UINT, "number" },
	{ 2, FIRN_ATTR_TEXT, "name" },
	{ 3, FIRN_ATTR_ADDRESS, "to" },
	{ 4, FIRN_ATTR_HARDWARE, "mac" },
	{ 5, FIRN_ATTR_NESTED, "inner", inner },
	{ 0 },
};

START_TEST(attributes_are_named_and_unknown_or_odd_ones_are_kept)
{
	static const unsigned char bytes[] __attribute__((aligned(4))) = {
		8,   0, 1,  0,    7,    0,    0, 0,   /* number */
		7,   0, 1,  0,    1,    2,    3, 0,   /* of an odd size */
		8,   0, 2,  0,    'l',  'o',  0, 'x', /* name */
		8,   0, 3,  0,    127,  0,    0, 1,   /* to */
		10,  0, 4,  0,    2,    0x42, 0, 0,   0, 9,    0, 0, /* mac */
		12,  0, 5,  0x80, 6,    0,    1, 0,   1, 0xbb, 0, 0, /* inner */
		6,   0, 99, 0,    0xab, 0xcd, 0, 0, /* unknown */
		200, 0, 1,  0,                      /* longer than there is */
	};
	autojson json_t *json = json_object();

	firn_netlink_json(json, bytes, 16, table);
	ck_assert_str_eq(firn_json_string(json, "number", NULL), "010203");
	firn_netlink_json(json, bytes + 16, sizeof(bytes) - 16, table);
	ck_assert_str_eq(firn_json_string(json, "name", NULL), "lo");
	ck_assert_str_eq(firn_json_string(json, "to", NULL), "127.0.0.1");
	ck_assert_str_eq(firn_json_string(json, "mac", NULL),
			 "02:42:00:00:00:09");
	ck_assert_int_eq(json_integer_value(
				 firn_json_at(json, "inner", "port", NULL)),
			 443);
	ck_assert_str_eq(firn_json_string(json, "attribute_99", NULL), "abcd");
	ck_assert_uint_eq(json_object_size(json), 6);
}
END_TEST

START_TEST(what_the_kernel_offers_is_found_without_asking_for_it)
{
	struct firn_host host;
	bool offers[FIRN_N_OFFERS];

	ck_ok(firn_host_open(&host, "/", &err));
	ck_ok(firn_netlink_offers(&host, offers, &err));
	firn_host_close(&host);
	for (size_t i = 0; i < FIRN_N_OFFERS; i++)
		ck_assert_ptr_nonnull(firn_netlink_offer_names[i]);
	/* inet_diag is what the others of its kind are built on. */
	if (offers[FIRN_OFFERS_TCP_DIAG])
		ck_assert(offers[FIRN_OFFERS_INET_DIAG] &&
			  offers[FIRN_OFFERS_SOCK_DIAG]);
	if (offers[FIRN_OFFERS_NFTABLES])
		ck_assert(offers[FIRN_OFFERS_NFNETLINK]);
}
END_TEST

START_TEST(a_child_asks_for_us_and_hears_the_same)
{
	autoclose int fd = route_socket();
	struct firn_netlink_dumped dumped;
	struct request links = of_type(RTM_GETLINK), none = of_type(0x7fff);
	int direct = 0, apart = 0, one;
	pid_t pid = 0;

	ck_ok(firn_netlink_dump(
		&(struct firn_netlink_question){ fd, 2000, count, &direct },
		&links.header, &dumped, &err));
	one = firn_netlink_apart(firn_steal_fd(&fd), &pid, &err);
	ck_ok(one);
	/* Twice, and a refusal in between. */
	for (int i = 1; i <= 2; i++) {
		const struct firn_netlink_question question = { one, 2000,
								count, &apart };

		ck_ok(firn_netlink_dump(&question, &links.header, &dumped,
					&err));
		ck_assert_int_eq(dumped.why.code, 0);
		ck_assert_int_eq(apart, i * direct);
		ck_ok(firn_netlink_dump(&question, &none.header, &dumped,
					&err));
		ck_assert_int_eq(dumped.why.code, EOPNOTSUPP);
	}
	firn_netlink_apart_close(&one, &pid);
	ck_assert_int_eq(one, -1);
	ck_assert_int_eq(waitpid(-1, NULL, WNOHANG), -1);
}
END_TEST

int
main(void)
{
	const TTest *const tests[] = {
		a_dump_comes_to_its_end_and_can_be_asked_for_again,
		a_child_asks_for_us_and_hears_the_same,
		what_the_kernel_refuses_is_why_not_a_failure,
		who_takes_the_messages_can_end_the_dump,
		an_answer_that_does_not_come_is_why,
		a_message_that_is_longer_than_what_came_is_refused,
		a_message_that_answers_another_question_is_passed_over,
		attributes_are_named_and_unknown_or_odd_ones_are_kept,
		what_the_kernel_offers_is_found_without_asking_for_it,
	};
	Suite *suite = suite_create("netlink");
	TCase *tcase = tcase_create("netlink");

	for (size_t i = 0; i < sizeof(tests) / sizeof(tests[0]); i++)
		tcase_add_test(tcase, tests[i]);
	suite_add_tcase(suite, tcase);
	return run_suite(suite);
}
