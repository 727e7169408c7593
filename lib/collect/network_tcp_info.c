#include <stddef.h>
#include <string.h>

#include <linux/tcp.h>

#include "base/json.h"
#include "collect/network.h"

/*
 * network_tcp_info -- what a TCP connection has done so far.
 *
 * Source: linux/tcp.h; tcp(7); RFC 4898 for the counters.
 */

#define FIELD(member, name)                                             \
	{                                                               \
		offsetof(struct tcp_info, member),                      \
			sizeof(((struct tcp_info *)NULL)->member), name \
	}

static const struct field {
	size_t offset, size;
	const char *name;
} fields[] = {
	FIELD(tcpi_ca_state, "congestion_state"),
	FIELD(tcpi_retransmits, "retransmits"),
	FIELD(tcpi_probes, "probes"),
	FIELD(tcpi_backoff, "backoff"),
	FIELD(tcpi_options, "options"),
	FIELD(tcpi_rto, "rto_us"),
	FIELD(tcpi_ato, "ato_us"),
	FIELD(tcpi_snd_mss, "send_mss"),
	FIELD(tcpi_rcv_mss, "receive_mss"),
	FIELD(tcpi_unacked, "unacked_segments"),
	FIELD(tcpi_sacked, "sacked_segments"),
	FIELD(tcpi_lost, "lost_segments"),
	FIELD(tcpi_retrans, "retransmitting_segments"),
	FIELD(tcpi_last_data_sent, "last_data_sent_ms"),
	FIELD(tcpi_last_data_recv, "last_data_received_ms"),
	FIELD(tcpi_last_ack_recv, "last_ack_received_ms"),
	FIELD(tcpi_pmtu, "path_mtu"),
	FIELD(tcpi_rtt, "rtt_us"),
	FIELD(tcpi_rttvar, "rtt_variation_us"),
	FIELD(tcpi_snd_cwnd, "congestion_window"),
	FIELD(tcpi_rcv_rtt, "receive_rtt_us"),
	FIELD(tcpi_rcv_space, "receive_space_bytes"),
	FIELD(tcpi_total_retrans, "retransmitted_segments"),
	FIELD(tcpi_pacing_rate, "pacing_bytes_per_second"),
	FIELD(tcpi_bytes_acked, "acked_bytes"),
	FIELD(tcpi_bytes_received, "received_bytes"),
	FIELD(tcpi_segs_out, "sent_segments"),
	FIELD(tcpi_segs_in, "received_segments"),
	FIELD(tcpi_notsent_bytes, "unsent_bytes"),
	FIELD(tcpi_min_rtt, "rtt_min_us"),
	FIELD(tcpi_data_segs_in, "received_data_segments"),
	FIELD(tcpi_data_segs_out, "sent_data_segments"),
	FIELD(tcpi_delivery_rate, "delivery_bytes_per_second"),
	FIELD(tcpi_busy_time, "busy_us"),
	FIELD(tcpi_rwnd_limited, "receive_window_limited_us"),
	FIELD(tcpi_sndbuf_limited, "send_buffer_limited_us"),
	FIELD(tcpi_bytes_sent, "sent_bytes"),
	FIELD(tcpi_bytes_retrans, "retransmitted_bytes"),
	FIELD(tcpi_rcv_ooopack, "out_of_order_segments"),
	FIELD(tcpi_snd_wnd, "send_window_bytes"),
};

static uint64_t
value_of(const struct field *field, const char *bytes)
{
	uint64_t eight;
	uint32_t four;

	switch (field->size) {
	case sizeof(eight):
		memcpy(&eight, bytes + field->offset, sizeof(eight));
		return eight;
	case sizeof(four):
		memcpy(&four, bytes + field->offset, sizeof(four));
		return four;
	default:
		return (unsigned char)bytes[field->offset];
	}
}

/* An older kernel's is shorter, a newer one's longer. */
json_t *
firn_network_tcp_info(const void *bytes, size_t len)
{
	json_t *info = json_object();

	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
		if (fields[i].offset + fields[i].size <= len)
			firn_json_uint(info, fields[i].name,
				       value_of(&fields[i], bytes));
	}
	return info;
}
