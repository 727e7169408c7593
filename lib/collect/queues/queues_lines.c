#include <arpa/inet.h>
#include <linux/if_packet.h>
#include <linux/netlink.h>
#include <netinet/in.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "base/json.h"
#include "collect/queues/queues.h"
#include "host/netlink_json.h"

static const char *
inet_kind(const struct firn_survey *survey)
{
	switch (survey->type) {
	case SOCK_STREAM:
		return survey->protocol == IPPROTO_TCP ? "tcp" : NULL;
	case SOCK_DGRAM:
		switch (survey->protocol) {
		case IPPROTO_UDP:
			return "udp";
		case IPPROTO_UDPLITE:
			return "udplite";
		case IPPROTO_ICMP:
		case IPPROTO_ICMPV6:
			return "icmp";
		default:
			return NULL;
		}
	default:
		return survey->type == SOCK_RAW ? "raw" : NULL;
	}
}

const char *
firn_queue_kind(const struct firn_survey *survey)
{
	switch (survey->domain) {
	case AF_INET:
	case AF_INET6:
		return inet_kind(survey);
	case AF_UNIX:
		return "unix";
	case AF_PACKET:
		return "packet";
	case AF_NETLINK:
		return "netlink";
	default:
		return NULL;
	}
}

json_t *
firn_queue_json(const struct firn_queue *queue, const char *which)
{
	const struct firn_survey *survey = &queue->survey;
	const char *kind = firn_queue_kind(survey);
	json_t *line = json_object();

	firn_json_uint(line, "inode", queue->owner->inode);
	if (survey->cookie != 0)
		firn_json_uint(line, "cookie", survey->cookie);
	if (kind != NULL)
		firn_json_text(line, "protocol", kind);
	json_object_set_new(line, "domain", json_integer(survey->domain));
	json_object_set_new(line, "ip_protocol",
			    json_integer(survey->protocol));
	firn_json_text(line, "type", firn_network_type((unsigned)survey->type));
	firn_json_text(line, "queue", which);
	return line;
}

static void
set_inet(json_t *sender, const struct sockaddr_storage *address)
{
	const struct sockaddr_in *four = (const void *)address;
	const struct sockaddr_in6 *six = (const void *)address;

	if (address->ss_family == AF_INET)
		firn_address_json(sender, "address", &four->sin_addr, 4);
	else
		firn_address_json(sender, "address", &six->sin6_addr, 16);
	/* The port stands at the same place in both. */
	json_object_set_new(sender, "port",
			    json_integer(ntohs(four->sin_port)));
}

static void
set_packet(json_t *sender, const struct sockaddr_ll *from)
{
	json_object_set_new(sender, "interface",
			    json_integer(from->sll_ifindex));
	json_object_set_new(sender, "ethertype",
			    json_integer(ntohs(from->sll_protocol)));
	json_object_set_new(sender, "packet_type",
			    json_integer(from->sll_pkttype));
	firn_json_hex(sender, "hardware_address", from->sll_addr,
		      from->sll_halen <= sizeof(from->sll_addr)
			      ? from->sll_halen
			      : sizeof(from->sll_addr));
}

/* A unix socket that has no name sends from nowhere. */
static json_t *
sender_json(const struct firn_peek_message *message)
{
	const struct sockaddr_storage *address = &message->address;
	const struct sockaddr_nl *netlink = (const void *)address;
	size_t path = offsetof(struct sockaddr_un, sun_path);
	json_t *sender = json_object();

	switch (address->ss_family) {
	case AF_INET:
	case AF_INET6:
		set_inet(sender, address);
		break;
	case AF_UNIX:
		if (message->address_len > path)
			firn_json_bytes(sender, "name",
					(const char *)address + path,
					message->address_len - path);
		break;
	case AF_PACKET:
		set_packet(sender, (const void *)address);
		break;
	case AF_NETLINK:
		json_object_set_new(sender, "port_id",
				    json_integer(netlink->nl_pid));
		json_object_set_new(sender, "groups",
				    json_integer(netlink->nl_groups));
		break;
	default:
		firn_json_hex(sender, "raw", address, message->address_len);
		break;
	}
	return sender;
}

void
firn_queue_set_messages(json_t *line, const struct firn_peeked *seen)
{
	json_t *messages = json_array();

	for (size_t i = 0; i < seen->n_messages; i++) {
		const struct firn_peek_message *message = &seen->messages[i];
		json_t *one = json_object();

		firn_json_uint(one, "bytes", message->bytes);
		if (message->kept < message->bytes)
			firn_json_uint(one, "kept", message->kept);
		if (message->address_len > 0)
			json_object_set_new(one, "from", sender_json(message));
		json_array_append_new(messages, one);
	}
	json_object_set_new(line, "messages", messages);
}

static const char *
type_of(uint32_t mode)
{
	switch (mode & S_IFMT) {
	case S_IFREG:
		return "file";
	case S_IFDIR:
		return "folder";
	case S_IFCHR:
		return "character device";
	case S_IFBLK:
		return "block device";
	case S_IFIFO:
		return "pipe";
	case S_IFSOCK:
		return "socket";
	case S_IFLNK:
		return "symlink";
	default:
		return "anonymous";
	}
}

static json_t *
flying_json(const struct firn_peek_flying *flying, bool stream)
{
	json_t *one = json_object();
	char text[32];

	/* The byte of a stream, or the message, that it came with. */
	firn_json_uint(one, stream ? "offset" : "message", flying->at);
	firn_json_bytes(one, "link", flying->link, flying->link_len);
	if (flying->unknown)
		return one;
	firn_json_text(one, "type", type_of(flying->mode));
	snprintf(text, sizeof(text), "%#o", flying->flags);
	firn_json_text(one, "flags", text);
	snprintf(text, sizeof(text), "%04o", flying->mode & 07777u);
	firn_json_text(one, "mode", text);
	snprintf(text, sizeof(text), "%u:%u", flying->device_major,
		 flying->device_minor);
	firn_json_text(one, "device", text);
	firn_json_uint(one, "inode", flying->inode);
	firn_json_uint(one, "size", flying->size);
	return one;
}

void
firn_queue_set_flying(json_t *line, const struct firn_queue *queue,
		      const struct firn_peeked *seen)
{
	json_t *all;

	if (queue->in_flight > 0)
		firn_json_uint(line, "in_flight_in_all", queue->in_flight);
	if (seen->n_flying == 0)
		return;
	all = json_array();
	for (size_t i = 0; i < seen->n_flying; i++)
		json_array_append_new(all, flying_json(&seen->flying[i],
						       queue->survey.type ==
							       SOCK_STREAM));
	json_object_set_new(line, "in_flight", all);
}

json_t *
firn_queue_change(const struct firn_queue *queue,
		  const struct firn_target *target)
{
	const struct firn_socket_owner *owner = queue->owner;
	json_t *change = json_object();

	firn_json_uint(change, "inode", owner->inode);
	firn_json_uint(change, "cookie", queue->survey.cookie);
	json_object_set_new(change, "pid", json_integer(owner->pid));
	if (owner->tid != owner->pid)
		json_object_set_new(change, "tid", json_integer(owner->tid));
	for (size_t i = 0; i < target->members.n; i++)
		if (target->members.items[i].pid == owner->pid)
			firn_json_uint(change, "start_ticks",
				       target->members.items[i].start_ticks);
	json_object_set_new(change, "fd", json_integer(owner->fd));
	if (queue->walk || queue->hold)
		json_object_set_new(change, "peek_offset",
				    json_integer(queue->survey.peek_offset));
	if (queue->sent)
		json_object_set_new(change, "reuse_address",
				    json_integer(queue->survey.reuse));
	return change;
}
