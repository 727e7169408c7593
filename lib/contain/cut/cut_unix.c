#include "contain/cut/cut_unix.h"

#include <errno.h>
#include <stdlib.h>

#include "base/auto.h"
#include "base/json.h"
#include "contain/cut/bpf_call.h"
#include "contain/cut/unix_files.h"
#include "contain/cut/unix_peers.h"

/* The pins, in the order in which they go. */
enum {
	CONNECT,
	SENDMSG
};

static int
plan(struct firn_cut *cut, struct firn_place *place, struct firn_err *err)
{
	const struct firn_cgroup *cgroup = &cut->target->v2;

	if (firn_cut_add_pins(cut, place, err, "unix-connect", "unix-sendmsg",
			      NULL) < 0)
		return -1;
	firn_json_text(place->details, "cgroup", cgroup->folder);
	firn_json_uint(place->details, "inode", cgroup->inode);
	return 0;
}

/* "No", to whatever it is: which path it was is the container's choice. */
static int
refuse(const char *name, uint32_t attach, struct firn_err *err)
{
	autofree struct firn_bpf_code *code = calloc(1, sizeof(*code));

	if (code == NULL)
		return firn_err_nomem(err);
	firn_bpf_set(code, BPF_REG_0, 0);
	firn_bpf_exit(code);
	return firn_bpf_program(name, BPF_PROG_TYPE_CGROUP_SOCK_ADDR, attach,
				code, err);
}

static int
make(struct firn_cut *cut, const struct firn_place *place, struct firn_err *err)
{
	uint32_t target = (uint32_t)place->cgroup->dir_fd;
	uint64_t id = cut->target->v2.inode;
	autoclose int connect_fd = -1, sendmsg_fd = -1;

	connect_fd = refuse("firn_connect", FIRN_BPF_CGROUP_UNIX_CONNECT, err);
	if (connect_fd < 0)
		return -1;
	sendmsg_fd = refuse("firn_sendmsg", FIRN_BPF_CGROUP_UNIX_SENDMSG, err);
	if (sendmsg_fd < 0 ||
	    firn_cut_attach(firn_cut_pin(place, CONNECT), connect_fd, target,
			    id, FIRN_BPF_CGROUP_UNIX_CONNECT, err) < 0)
		return -1;
	return firn_cut_attach(firn_cut_pin(place, SENDMSG), sendmsg_fd, target,
			       id, FIRN_BPF_CGROUP_UNIX_SENDMSG, err);
}

static int
holds(const json_t *details, struct firn_err *err)
{
	const struct firn_place place = {
		.details = (json_t *)(uintptr_t)details
	};
	uint64_t id =
		(uint64_t)json_integer_value(json_object_get(details, "inode"));
	uint32_t program;

	if (firn_cut_pinned(firn_cut_pin(&place, CONNECT), id,
			    FIRN_BPF_CGROUP_UNIX_CONNECT, &program, err) < 0)
		return -1;
	return firn_cut_pinned(firn_cut_pin(&place, SENDMSG), id,
			       FIRN_BPF_CGROUP_UNIX_SENDMSG, &program, err);
}

static int
verify_one(const struct firn_cut *cut, const struct firn_place *place,
	   size_t pin, uint32_t attach, struct firn_err *err)
{
	uint32_t program;

	if (firn_cut_pinned(firn_cut_pin(place, pin), cut->target->v2.inode,
			    attach, &program, err) < 0)
		return -1;
	return firn_cut_is_attached(program, (uint32_t)place->cgroup->dir_fd,
				    attach, false, err);
}

static int
verify(struct firn_cut *cut, const struct firn_place *place,
       struct firn_err *err)
{
	if (verify_one(cut, place, CONNECT, FIRN_BPF_CGROUP_UNIX_CONNECT, err) <
	    0)
		return -1;
	return verify_one(cut, place, SENDMSG, FIRN_BPF_CGROUP_UNIX_SENDMSG,
			  err);
}

const struct firn_method firn_method_unix = {
	.name = "unix-bpf",
	.plan = plan,
	.make = make,
	.holds = holds,
	.verify = verify,
};

int
firn_cut_unix(struct firn_cut *cut, struct firn_err *err)
{
	autojson json_t *details = json_object();
	struct firn_place place = {
		.on = cut->target->v2.path,
		.covers = "new connections to unix sockets, and datagrams to "
			  "one that is named with them, also its own",
		.cgroup = &cut->target->v2,
		.details = details,
	};
	int done = 0;

	if (cut->cgroup_holds)
		done = firn_cut_with(cut, &firn_method_unix, &place, err);
	else
		firn_cut_without(cut, firn_method_unix.name,
				 "its cgroup could not be cut");
	if (done == 0)
		firn_cut_open(cut, "unix sockets: it can connect to all that "
				   "it reaches");
	return done < 0 ? -1 : 0;
}

/* Without the list the cut is no worse, so it is only said. */
json_t *
firn_cut_unix_report(struct firn_cut *cut)
{
	json_t *sockets = json_array();
	struct firn_err why = { 0 };
	size_t connected = 0;

	if (firn_unix_peers(cut->target, sockets, &why) < 0)
		firn_cut_without(cut, "unix", why.text);
	connected = json_array_size(sockets);
	if (firn_unix_files(cut->target, sockets, &why) < 0)
		firn_cut_without(cut, "unix", why.text);
	if (cut->how->cut_unix && connected > 0)
		firn_cut_open(cut,
			      "unix sockets: %zu connections to processes "
			      "outside of it go on: only a freeze stops them",
			      connected);
	return sockets;
}
