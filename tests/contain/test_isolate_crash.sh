#!/bin/bash
# firn is killed with -9 at 50 moments of isolate and at 50 of release: firn list
# tells rightly what that left, and the next release ends it exactly.
# Usage: test_isolate_crash.sh FIRN BPF_OBJECTS
#
# On a runc container with a veth pair, in a network namespace of our own.
set -u
firn=$1 bpf_objects=$2
# shellcheck source=tests/engines.sh
. "$(dirname "$0")/../engines.sh"
engine_need runc jq busybox ip tc
[ "${3-}" = inside ] ||
	exec unshare -n bash "$0" "$firn" "$bpf_objects" inside

dir=$(mktemp -d /tmp/firn-isolate-crash.XXXXXX)
name=firn-isolate-crash-$$
ledger=/run/firn/ledger/$name.jsonl
failed=0
moments=50
trap '"$firn" release "$name" >/dev/null 2>&1
	runc delete -f "$name" 2>/dev/null
	rm -rf "$dir" "$ledger"' EXIT

fail() {
	echo "FAILED: $*"
	failed=1
}

# Everything that an isolation could have changed; counters are none of it, and
# what others do on this machine isn't either.
snapshot() {
	ip -d link 2>/dev/null
	ip address 2>/dev/null | grep -v valid_lft
	ip -4 route show table all
	ip -6 route show table all
	ip rule
	ip neighbour show nud permanent
	tc qdisc show 2>/dev/null
	for interface in $(ip -o link 2>/dev/null | cut -d' ' -f2 | cut -d@ -f1 |
		tr -d :); do
		tc filter show dev "$interface" ingress
		tc filter show dev "$interface" egress
	done 2>/dev/null # where there is no such hook
	command -v nft >/dev/null && nft list ruleset
	# Of what is attached only what is attached here.
	"$bpf_objects" | grep -v '^link.*cgroup' |
		grep -E "^program|interface $ifindex\$"
	"$bpf_objects" | grep "cgroup $inode\$"
	find "/sys/fs/bpf/firn/$name" "/run/firn/bpf/$name" 2>/dev/null
}

# The kernel frees programs after a grace period.
is_as_before() {
	for _ in $(seq 60); do
		snapshot >"$dir/after"
		cmp -s "$dir/before" "$dir/after" && return
		sleep 0.05
	done
	fail "$1: it is not as it was:"
	diff "$dir/before" "$dir/after"
}

datagrams() {
	awk '$1 == "Udp:" && n++ { print $3 }' /proc/net/snmp
}

is_heard() {
	local before

	before=$(datagrams)
	for _ in $(seq "$1"); do
		sleep 0.05
		[ "$(datagrams)" -gt "$before" ] && return
	done
	return 1
}

# As firn list has it: a state, or "nothing".
listed() {
	"$firn" list --json | jq -r --arg id "$name" '.containers[] |
		select(.id == $id) | .contained.isolated.state // "nothing"'
}

# is_told WHEN -- what is listed is what is.
is_told() {
	local state

	state=$(listed)
	seen="$seen $(echo "$state" | tr ' ' _)"
	case $state in
	"in force")
		sleep 0.05 # what was on its way
		is_heard 5 && fail "$1: listed as $state, but it is heard"
		;;
	nothing | "not in force")
		is_heard 100 || fail "$1: listed as $state, but it is not heard"
		;;
	"partly in force") ;;
	*) fail "$1: listed as $state" ;;
	esac
}

# killed_after SECONDS COMMAND... -- with -9; its status otherwise.
killed_after() {
	local after=$1

	shift
	"$@" >/dev/null 2>&1 &
	sleep "$after"
	kill -9 $! 2>/dev/null
	wait $! 2>/dev/null
}

released() {
	"$firn" release "$name" >"$dir/out" 2>&1 ||
		fail "$1: release: $(cat "$dir/out")"
	[ "$(listed)" = nothing ] || fail "$1: released, it is $(listed)"
	jq -es 'group_by(.change) | all(any(.phase == "undone" or
		.phase == "failed"))' "$ledger" >/dev/null ||
		fail "$1: a change is open in the ledger"
	for pid_of_keeper in $(jq -s '[.[] | select(.action == "keep") |
		.details.pid // empty] | unique[]' "$ledger"); do
		grep -qs '^State:.[^Z]' "/proc/$pid_of_keeper/status" &&
			grep -qx firn-keeper "/proc/$pid_of_keeper/comm" &&
			fail "$1: a keeper is left, process $pid_of_keeper"
	done
	is_as_before "$1"
}

# seconds_of COMMAND... -- how long it takes.
seconds_of() {
	local start=$EPOCHREALTIME

	"$@" >/dev/null 2>&1
	echo "$start $EPOCHREALTIME" | awk '{ print $2 - $1 }'
}

# moment I TIME -- the I-th, spread over a little more than TIME.
moment() {
	awk -v i="$1" -v n="$moments" -v time="$2" \
		'BEGIN { print i * time * 1.1 / n }'
}

make_rootfs "$dir/rootfs"
oci_bundle "$dir/bundle" "$dir/rootfs" || exit 1
# It waits for its interface, and then never stops to send.
jq '.process.args = ["sh", "-c", "while :; do
	tftp -g -r beacon -l /dev/null 10.99.8.1 9999 & sleep 0.05
	kill -9 $!
	done 2>/dev/null"] |
	.process.capabilities |= map_values(["CAP_KILL"])' \
	"$dir/bundle/config.json" >"$dir/config" &&
	mv "$dir/config" "$dir/bundle/config.json"
(cd "$dir/bundle" && runc run -d "$name" </dev/null >/dev/null 2>"$dir/log") || {
	cat "$dir/log"
	exit 1
}
pid=$(runc state "$name" | jq .pid)
ip link set lo up
# As Docker makes it: without a queue.
ip link add vfirn txqueuelen 0 type veth peer name eth0 netns "$pid"
ip address add 10.99.8.1/24 dev vfirn
ip link set vfirn up
ip route add 198.51.100.0/24 via 10.99.8.2 dev vfirn onlink
nsenter -t "$pid" -n ip address add 10.99.8.2/24 dev eth0
nsenter -t "$pid" -n ip link set eth0 up
nsenter -t "$pid" -n ip link set lo up
is_heard 200 || fail "it isn't heard at all"
cgroup=$(sed -n 's/^0:://p' "/proc/$pid/cgroup")
inode=$(stat -c %i "/sys/fs/cgroup/unified$cgroup" 2>/dev/null ||
	stat -c %i "/sys/fs/cgroup$cgroup")
ifindex=$(ip -j link show vfirn | jq '.[0].ifindex')
sleep 3 # until IPv6 has settled
snapshot >"$dir/before"

isolate_time=$(seconds_of "$firn" isolate "$name")
[ "$(listed)" = "in force" ] || fail "isolated, it is $(listed)"
release_time=$(seconds_of "$firn" release "$name")
is_as_before "without a crash"

seen=
for i in $(seq $moments); do
	after=$(moment "$i" "$isolate_time")
	killed_after "$after" "$firn" isolate "$name"
	is_told "isolate killed after $after s"
	released "isolate killed after $after s"
done
echo "isolate left:$(echo "$seen" | tr ' ' '\n' | sort | uniq -c | tr '\n' ' ')"
seen=
for i in $(seq $moments); do
	after=$(moment "$i" "$release_time")
	"$firn" isolate "$name" >/dev/null 2>&1
	killed_after "$after" "$firn" release "$name"
	is_told "release killed after $after s"
	released "release killed after $after s"
done
echo "release left:$(echo "$seen" | tr ' ' '\n' | sort | uniq -c | tr '\n' ' ')"
exit $failed
