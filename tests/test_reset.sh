#!/bin/bash
# --reset and --log on runc's containers with peers that see what becomes of
# their connection; on a host with cgroup v2 alone, and on this one as it is.
# Usage: test_reset.sh FIRN
set -u
firn=$1
# shellcheck source=tests/engines.sh
. "$(dirname "$0")/engines.sh"
engine_need runc busybox ip jq zstd unshare
name=firn-reset-$$
failed=0

# Here cgroup v2 is the only one, for us and for what we start.
only_v2() {
	umount -R -l /sys/fs/cgroup && mount -t cgroup2 cgroup2 /sys/fs/cgroup
}
if [ "${2-}" = v2 ]; then
	only_v2 || exit 77
elif [ "${2-}" = "" ]; then
	"$0" "$firn" as-it-is || failed=1
	unshare -m --propagation private "$0" "$firn" v2 || failed=1
	exit $failed
fi

dir=$(mktemp -d /tmp/$name.XXXXXX)
pids=
stop() {
	for container in "$name-own" "$name-host"; do
		ASAN_OPTIONS=detect_leaks=0 "$firn" release --quiet \
			"$container" >/dev/null 2>&1
		runc delete --force "$container" >/dev/null 2>&1
		rm -f "/run/firn/ledger/$container.jsonl"
	done
	# Each with what it started.
	for process in $pids; do
		# shellcheck disable=SC2046 # one word each
		kill "$process" $(pgrep -P "$process")
	done 2>/dev/null
	wait 2>/dev/null
	ip netns pids "$name" 2>/dev/null | xargs -r kill
	ip link del fr-own 2>/dev/null
	ip link del fr-peer 2>/dev/null
	ip netns del "$name" 2>/dev/null
	rm -rf "$dir"
}
trap stop EXIT

fail() {
	echo "FAILED (${how}): $*"
	failed=1
}
how=${2}

# bundle NAME SCRIPT [JQ] -- a container of runc's that runs it.
bundle() {
	oci_bundle "$dir/$1" "$dir/rootfs" || exit 1
	jq --arg script "$2" ".process.args = [\"sh\", \"-c\", \$script] | ${3:-.}" \
		"$dir/$1/config.json" >"$dir/$1/new" &&
		mv "$dir/$1/new" "$dir/$1/config.json"
	runc run --detach --bundle "$dir/$1" "$1" </dev/null >"$dir/$1/out" 2>&1 ||
		fail "runc: $(cat "$dir/$1/out")"
}

# server NAME WHERE PORT -- takes one connection; NAME.open is there for as long
# as that lasts.
server() {
	# shellcheck disable=SC2086 # WHERE is a command, or nothing
	{ $2 busybox nc -l -p "$3" <"$dir/silence" >"$dir/$1.heard" 2>&1
		rm -f "$dir/$1.open"; } &
	touch "$dir/$1.open"
	pids="$pids $!"
}
is_open() { [ -e "$dir/$1.open" ]; }
is_closed() { ! is_open "$1"; }
has_heard() { [ -s "$dir/$1.heard" ]; }

# beacon NC ADDRESS PORT -- again and again, until it gets through.
beacon() {
	echo "while :; do (while echo beacon; do sleep 0.1; done) | $*; sleep 0.2; done"
}
make_rootfs "$dir/rootfs"
mkfifo "$dir/silence" && exec 9<>"$dir/silence"

# --- a network namespace of its own -------------------------------------------
bundle "$name-own" "$(beacon nc 203.0.113.1 4001)"
pid=$(runc state "$name-own" | jq .pid)
ip link add fr-own type veth peer name eth0 netns "$pid"
ip addr add 203.0.113.1/30 dev fr-own && ip link set fr-own up
busybox nsenter -t "$pid" -n ip addr add 203.0.113.2/30 dev eth0
busybox nsenter -t "$pid" -n ip link set eth0 up
server own "" 4001
engine_wait 20 has_heard own || fail "no connection to begin with"

if [ "$how" = v2 ]; then
	# What it tried is there, however short the capture.
	"$firn" isolate --quiet --log "$name-own" >/dev/null || fail "isolate"
	sleep 1
	is_open own || fail "the peer was told by the cut alone"
	# Captured first, then destroyed.
	"$firn" capture --quiet --isolate --log --reset --only network \
		-o "$dir/own.firn.tar.zst" "$name-own" >"$dir/out" 2>&1
	[ $? -le 3 ] || fail "capture: $(cat "$dir/out")"
	engine_wait 5 is_closed own || fail "the peer was told nothing"
	mkdir "$dir/lab" && tar --zstd -C "$dir/lab" -xf "$dir/own.firn.tar.zst"
	cd "$dir"/lab/*/data || exit 1
	jq -se 'any(.state == "established" and .remote.port == 4001)' \
		network/sockets.jsonl >/dev/null ||
		fail "the connection's state is not captured"
	jq -se 'any(.remote == "203.0.113.1" and .direction == "out")' \
		network/attempts.jsonl >/dev/null ||
		fail "no attempt: $(cat network/attempts.jsonl)"
	jq -se 'any(.action == "reset" and .phase == "final" and
		.details.destroyed == 1)' containment.jsonl >/dev/null ||
		fail "containment.jsonl says nothing of the reset"
	cd /
else
	"$firn" isolate --quiet --reset "$name-own" >"$dir/out" 2>&1
	engine_wait 5 is_closed own ||
		fail "the peer was told nothing: $(cat "$dir/out")"
fi
"$firn" release --quiet "$name-own" >/dev/null || fail "release"

# --- the host's network namespace ---------------------------------------------
ip netns add "$name"
ip link add fr-peer type veth peer name eth0 netns "$name"
ip addr add 203.0.113.5/30 dev fr-peer && ip link set fr-peer up
ip -n "$name" addr add 203.0.113.6/30 dev eth0
ip -n "$name" link set eth0 up
server its "ip netns exec $name" 4001
server hosts "ip netns exec $name" 4002
sleep 0.3
bundle "$name-host" "$(beacon nc 203.0.113.6 4001)" \
	'.linux.namespaces -= [{"type": "network"}]'
sh -c "$(beacon busybox nc 203.0.113.6 4002)" >"$dir/host.out" 2>&1 &
pids="$pids $!"
engine_wait 10 has_heard its && engine_wait 10 has_heard hosts ||
	fail "no connections to begin with"

# It has no CAP_NET_RAW: nothing is left open.
"$firn" isolate --quiet --reset "$name-host" >"$dir/out" 2>&1
status=$?
[ $status -eq 0 ] || fail "exit status $status: $(cat "$dir/out")"
engine_wait 5 is_closed its || fail "the peer was told nothing: $(cat "$dir/out")"
before=$(wc -c <"$dir/hosts.heard")
sleep 0.5
is_open hosts && [ "$(wc -c <"$dir/hosts.heard")" -gt "$before" ] ||
	fail "the host's own connection was hit"
"$firn" release --quiet "$name-host" >/dev/null || fail "release"

[ $failed -eq 0 ] && echo "$how: told whom it should, and nobody else"
exit $failed
