#!/bin/bash
# A connection of a container with megabytes in all of its queues: they are in
# the archive, and after it the connection goes on without a byte lost; cut and
# not cut, and with a firn that is killed while the socket is changed.
# Usage: test_queues.sh FIRN QUEUED
set -u
firn=$1 queued=$2
# shellcheck source=tests/engines.sh
. "$(dirname "$0")/engines.sh"
engine_need runc ip jq zstd unshare
name=firn-queues-$$
failed=0

only_v2() {
	umount -R -l /sys/fs/cgroup && mount -t cgroup2 cgroup2 /sys/fs/cgroup
}
if [ "${3-}" = v2 ]; then
	only_v2 || exit 77
elif [ "${3-}" = "" ]; then
	"$0" "$firn" "$queued" as-it-is || failed=1
	unshare -m --propagation private "$0" "$firn" "$queued" v2 || failed=1
	exit $failed
fi
how=$3

dir=$(mktemp -d /tmp/$name.XXXXXX)
size=20000000
peer=
end() {
	ASAN_OPTIONS=detect_leaks=0 "$firn" release --quiet "$name" \
		>/dev/null 2>&1
	ASAN_OPTIONS=detect_leaks=0 "$firn" thaw --quiet "$name" >/dev/null 2>&1
	runc delete --force "$name" >/dev/null 2>&1
	[ -n "$peer" ] && kill -9 "$peer" 2>/dev/null
	wait 2>/dev/null
	ip link del fq-host 2>/dev/null
	rm -f "/run/firn/ledger/$name.jsonl"
	peer=
}
trap 'end; rm -rf "$dir"' EXIT

fail() {
	echo "FAILED ($how): $*"
	failed=1
}

# queue_lengths -- of the container's end, "SEND:RECEIVE" in hexadecimal.
queue_lengths() {
	awk '$3 ~ /:0FA2$/ { print $5 }' "/proc/$pid/net/tcp"
}
are_full() {
	local before
	before=$(queue_lengths)
	[ -n "$before" ] && [ $((16#${before%:*})) -gt 100000 ] &&
		[ $((16#${before#*:})) -gt 100000 ] && sleep 0.5 &&
		[ "$before" = "$(queue_lengths)" ]
}

# start -- the container, its peer, and full queues.
start() {
	rm -rf "$dir/bundle" && mkdir -p "$dir/rootfs/data"
	rm -f "$dir/go" "$dir/peer"
	cp "$queued" "$dir/rootfs/queued"
	oci_bundle "$dir/bundle" "$dir/rootfs" || exit 1
	jq --arg size "$size" '.process.args = ["/queued", "connect",
			"203.0.113.9", "4002", $size, "/data/go", "/data/result"] |
		.root.readonly = false' "$dir/bundle/config.json" \
		>"$dir/new" && mv "$dir/new" "$dir/bundle/config.json"
	runc run --detach --bundle "$dir/bundle" "$name" </dev/null \
		>"$dir/out" 2>&1 || fail "runc: $(cat "$dir/out")"
	pid=$(runc state "$name" | jq .pid)
	ip link add fq-host type veth peer name eth0 netns "$pid"
	ip addr add 203.0.113.9/30 dev fq-host && ip link set fq-host up
	nsenter -t "$pid" -n ip link set lo up
	nsenter -t "$pid" -n ip addr add 203.0.113.10/30 dev eth0
	nsenter -t "$pid" -n ip link set eth0 up
	"$queued" listen 203.0.113.9 4002 $size "$dir/go" "$dir/peer" &
	peer=$!
	engine_wait 30 are_full || fail "the queues don't fill"
}

# goes_on -- both ends have it all, in order.
goes_on() {
	touch "$dir/go" "$dir/bundle/rootfs/data/go"
	engine_wait 30 test -s "$dir/peer"
	engine_wait 30 test -s "$dir/bundle/rootfs/data/result"
	[ "$(cat "$dir/peer")" = right ] ||
		fail "$1: the peer says: $(cat "$dir/peer")"
	[ "$(cat "$dir/bundle/rootfs/data/result")" = right ] ||
		fail "$1: the container says: $(cat "$dir/bundle/rootfs/data/result")"
}

# in_archive WHAT -- what its queues had.
in_archive() {
	local line
	rm -rf "$dir/lab" && mkdir "$dir/lab" &&
		tar --zstd -C "$dir/lab" -xf "$dir/case.firn.tar.zst" ||
		fail "$1: tar"
	cd "$dir"/lab/* || exit 1
	sha256sum --quiet -c manifest-sha256.txt || fail "$1: digests"
	for line in receive:listen send:connect; do
		jq -r --arg queue "${line%:*}" 'select(.protocol == "tcp" and
			.queue == $queue) | "\(.sha256)  \(.member)"' \
			data/network/queues.jsonl >"$dir/digests"
		[ "$(wc -l <"$dir/digests")" = 1 ] ||
			fail "$1: $(cat data/network/queues.jsonl)"
		sha256sum --quiet -c "$dir/digests" || fail "$1: sha256 of $line"
		"$queued" find "${line#*:}" $size \
			<"$(cut -d' ' -f3 "$dir/digests")" >"$dir/found" ||
			fail "$1: no such bytes were sent: $line"
		read -r at bytes <"$dir/found"
		[ "$bytes" -gt 100000 ] || fail "$1: $bytes bytes of $line"
		[ "${line%:*}" = send ] || [ "$at" = 0 ] ||
			fail "$1: what is received begins at $at"
	done
	[ "$(cat "$(jq -r 'select(.protocol == "udp") | .member' \
		data/network/queues.jsonl)")" = "by udpagain" ] ||
		fail "$1: udp"
	[ "$(cat "$(jq -r 'select(.protocol == "unix") | .member' \
		data/network/queues.jsonl)")" = "by unix" ] ||
		fail "$1: unix"
	[ "$(cat "$(jq -r .member data/processes/pipes.jsonl)")" = \
		"by pipe" ] || fail "$1: pipe"
	jq -se '[.[] | select(.action == "peek")] | map(.phase) |
		contains(["asked"]) and contains(["undone"])' \
		data/containment.jsonl >/dev/null ||
		fail "$1: containment.jsonl says nothing of it"
	cd /
}

# capture [OPTION...]
capture() {
	rm -f "$dir"/case.*
	"$firn" capture --quiet "$@" -o "$dir/case.firn.tar.zst" "$name" \
		>"$dir/out" 2>&1
	[ $? -le 3 ] || fail "capture: $(cat "$dir/out")"
}

make_rootfs "$dir/rootfs" || exit 1

start
"$firn" freeze --quiet "$name" >/dev/null || [ $? = 3 ] || fail "freeze"
before=$(queue_lengths)
capture --only network --only processes
[ "$(queue_lengths)" = "$before" ] ||
	fail "uncut: the queues were $before and are $(queue_lengths)"
in_archive uncut
"$firn" thaw --quiet "$name" >/dev/null || fail "thaw"
goes_on uncut
end

start
capture --only network --only processes --isolate
in_archive cut
"$firn" release --quiet "$name" >/dev/null || fail "release"
goes_on cut
end

# --- killed between the two changes -------------------------------------------
if ! command -v strace >/dev/null; then
	echo "$how: not tried with a kill: strace is not installed"
	exit $failed
fi

in_repair() { grep -q '^State:.[Tt]' "/proc/$(stopped)/status"; }
stopped() {
	local one
	for one in $(pgrep -x firn-peeker); do
		grep -qs "^TracerPid:.$tracer$" "/proc/$one/status" && echo "$one"
	done
}

# killed WHAT N CHANGE [OPTION...] -- whoever peeks stops right after its Nth
# change of a socket; then all of firn is killed.
killed() {
	local what=$1 when=$2 change=$3 captor
	shift 3
	rm -f "$dir"/case.*
	ASAN_OPTIONS=detect_leaks=0 strace -f -qq -o "$dir/trace" \
		-e trace=setsockopt -e "inject=setsockopt:signal=SIGSTOP:when=$when" \
		"$firn" capture --quiet --only network "$@" \
		-o "$dir/case.firn.tar.zst" "$name" >"$dir/out" 2>&1 &
	tracer=$!
	engine_wait 30 in_repair || fail "$what: it doesn't stop: $(cat "$dir/trace")"
	captor=$(pgrep -P "$tracer")
	# shellcheck disable=SC2046,SC2086 # one word each
	kill -9 $captor $(stopped)
	wait "$tracer" 2>/dev/null
	grep -q "$change" "$dir/trace" || fail "$what: $(cat "$dir/trace")"
	"$firn" list --json | jq -e --arg name "$name" '.. | objects |
		select(.name? == $name) | .contained.peeked' >/dev/null ||
		fail "$what: list doesn't tell: $("$firn" list --json)"
	"$firn" thaw --dry-run "$name" | grep -q "put the options of socket" ||
		fail "$what: $("$firn" thaw --dry-run "$name")"
}

# Of UDP the first two, then those of TCP: in repair, which queue, out again,
# SO_REUSEADDR.
while read -r when change; do
	start
	killed "killed at $when" "$when" "$change"
	"$firn" thaw --quiet "$name" >/dev/null || fail "thaw"
	"$firn" list --json | jq -e '.. | objects | select(has("peeked"))' \
		>/dev/null && fail "still peeked"
	goes_on "killed at $when"
	end
done <<-EOF
	1 SO_PEEK_OFF
	3 TCP_REPAIR,
	4 TCP_REPAIR_QUEUE,
	5 TCP_REPAIR, .-1
EOF

start
"$firn" isolate --quiet "$name" >/dev/null || [ $? = 3 ] || fail "isolate"
killed "killed while it is cut" 3 TCP_REPAIR,
"$firn" release --quiet "$name" >/dev/null || fail "release"
"$firn" list --json | jq -e '.. | objects | select(has("peeked"))' \
	>/dev/null && fail "released, and still peeked"
"$firn" thaw --quiet "$name" >/dev/null || fail "thaw"
goes_on "killed while it is cut"
end

[ $failed -eq 0 ] && echo "$how: not a byte is lost"
exit $failed
