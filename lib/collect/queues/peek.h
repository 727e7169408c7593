#ifndef COLLECT_PEEK_H
#define COLLECT_PEEK_H

/*
 * peek -- what stands in the queue of a socket or in a pipe, left as it is.
 *
 * Runs in the peeker's child: any of it may wait for a lock that the suspect
 * holds, no signal ends that, and nothing here allocates.  Results are left in
 * memory that the child shares with firn.
 *
 * The descriptor is the suspect's own open file.  Nothing sets O_NONBLOCK on
 * it (MSG_DONTWAIT and SPLICE_F_NONBLOCK do), and nothing takes an error that
 * waits for its owner (`sk_err`, which every recvmsg(2) without data clears).
 *
 * Source: recv(2), tee(2), socket(7), unix(7), tcp(7); kernel net/ipv4/tcp.c,
 * tcp_peek_sndq(), do_tcp_setsockopt(); net/unix/af_unix.c.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

/* What is taken of one queue. */
#define FIRN_PEEK_DATA ((size_t)64 << 20)
#define FIRN_PEEK_MESSAGES 16384
#define FIRN_PEEK_FLYING 1024 /* descriptors in flight that are described */

/* What a socket or a pipe is, and what there is to read. */
struct firn_survey {
	int domain, type, protocol; /* socket(2); of a pipe 0 */
	uint64_t cookie;            /* SO_COOKIE */
	bool listens;
	bool readable;   /* poll(2) says so */
	bool error;      /* one waits for its owner */
	bool urgent;     /* a byte of TCP's urgent data */
	char ulp[16];    /* what was put on top of TCP: "tls" */
	int peek_offset; /* SO_PEEK_OFF: -1 for off */
	bool has_peek_offset;
	int repair;                    /* TCP_REPAIR */
	int reuse;                     /* SO_REUSEADDR */
	int receive_bytes, send_bytes; /* -1 if not known */
	int capacity;                  /* of a pipe, in bytes */
};

enum firn_peek_how {
	FIRN_PEEK_SURVEY,
	FIRN_PEEK_STREAM, /* all of it at once */
	FIRN_PEEK_FIRST,  /* one message */
	FIRN_PEEK_PIPE,
	/* These set an option of the socket and put it back. */
	FIRN_PEEK_WALK, /* message by message, with SO_PEEK_OFF */
	FIRN_PEEK_HELD, /* all at once, with SO_PEEK_OFF off */
	FIRN_PEEK_SENT, /* TCP's send queue, with TCP_REPAIR */
};

struct firn_peek_message {
	uint64_t bytes, kept; /* its length, and what there is of it */
	uint32_t address_len;
	struct sockaddr_storage address; /* of who sent it */
};

/* A descriptor that is in flight (SCM_RIGHTS). */
struct firn_peek_flying {
	uint64_t at; /* the byte, or the message, that it came with */
	uint32_t mode, flags;
	uint32_t device_major, device_minor;
	uint64_t inode, size;
	bool unknown; /* not even that could be asked */
	size_t link_len;
	char link[256]; /* as proc_pid_fd(5) has it; may be cut */
};

struct firn_peeked {
	struct firn_survey survey;
	int code;       /* errno(3) of what ended it early, or 0 */
	bool cut;       /* there is more than was taken */
	bool closed_in; /* descriptors came with it, and were not asked for */
	bool changed;   /* the socket was, and */
	bool restored;  /* is as before */
	uint64_t bytes; /* in `data` */
	size_t n_messages, n_flying;
	struct firn_peek_message messages[FIRN_PEEK_MESSAGES];
	struct firn_peek_flying flying[FIRN_PEEK_FLYING];
	char data[FIRN_PEEK_DATA];
};

struct firn_peek_request {
	enum firn_peek_how how;
	bool take_flying;       /* let the kernel hand over what is in flight */
	int peek_offset, reuse; /* as they are, and will be again */
};

/* firn_peek_survey(fd, ret) -- changes nothing. */
void firn_peek_survey(int fd, struct firn_survey *ret);

/* firn_peek_socket(fd, request, self_fd, ret) -- STREAM, FIRST, WALK and HELD;
 * `self_fd` is the folder of our own descriptors in proc(5). */
void firn_peek_socket(int fd, const struct firn_peek_request *request,
		      int self_fd, struct firn_peeked *ret);

/* firn_peek_sent(fd, request, ret) -- the bytes that were not sent, or not
 * acknowledged.  Ends without a probe to the peer. */
void firn_peek_sent(int fd, const struct firn_peek_request *request,
		    struct firn_peeked *ret);

/* firn_peek_pipe(fd, ret) -- of the end that reads.  One message per packet in
 * a pipe of packets (O_DIRECT), else one in all. */
void firn_peek_pipe(int fd, struct firn_peeked *ret);

/* firn_peek_describe(fds, n, at, self_fd, ret) -- what descriptors are, and
 * close them, which may wait for a file server. */
void firn_peek_describe(const int *fds, size_t n, const uint64_t *at,
			int self_fd, struct firn_peeked *ret);

#endif
