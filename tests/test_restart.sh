#!/bin/bash
# A container that is restarted while it's isolated is cut again before its
# first packet; on docker, with a bridge in a network namespace of our own, whose
# kernel counts what arrives.  Usage: test_restart.sh FIRN [v2]
#
# With "v2" in a mount namespace whose only hierarchy is cgroup v2; there a
# frozen container can be restarted, and is frozen again.
set -u
firn=$1
# shellcheck source=tests/engines.sh
. "$(dirname "$0")/engines.sh"
engine_need docker dockerd containerd jq busybox ip
case ${2-} in
inside | inside-v2) ;;
v2)
	exec unshare -n -m bash -c 'umount -R -l /sys/fs/cgroup
		mount -t cgroup2 cgroup2 /sys/fs/cgroup || exit 77
		exec "$@"' bash "$0" "$firn" inside-v2
	;;
*) exec unshare -n bash "$0" "$firn" inside ;;
esac

v2=$2
dir=$(mktemp -d /tmp/firn-restart.XXXXXX)
name=firn-restart-$$
bridge=br-firn
failed=0
trap '"$firn" release "$name" >/dev/null 2>&1
	"$firn" thaw "$name" >/dev/null 2>&1
	engine_stop "$dir"' EXIT

fail() {
	echo "FAILED: $*"
	failed=1
}

# How many datagrams have come for a port that nobody listens at.
datagrams() {
	awk '$1 == "Udp:" && n++ { print $3 }' /proc/net/snmp
}

# How many frames have come out of the bridge to us.
frames() {
	ip -s -j link show "$bridge" | jq '.[0].stats64.rx.packets'
}

# heard_since COUNT -- within ten seconds?
heard_since() {
	for _ in $(seq 100); do
		[ "$(datagrams)" -gt "$1" ] && return
		sleep 0.1
	done
	return 1
}

pid_of() {
	docker_in "$dir" inspect -f '{{.State.Pid}}' "$name"
}

# The line of the ledger in which the keeper says what it made of a restart.
keeper_said() {
	jq -r 'select(.action == "keep" and .phase == "confirmed") |
		.details.note // empty' "/run/firn/ledger/$id.jsonl"
}

said_times() {
	[ "$(keeper_said | grep -c "$1")" -ge "$2" ]
}

keepers() {
	jq -rs 'map(select(.action == "keep")) | group_by(.change) | map(select(
		any(.phase == "undone") | not)) | .[][0].details.pid' \
		"/run/firn/ledger/$id.jsonl"
}

# listed KEY -- of what firn list has as contained.
listed() {
	"$firn" list --json | jq -r --arg id "$id" \
		".containers[] | select(.id == \$id) | .contained | $1"
}

# is_heard_again -- after a release.
is_heard_again() {
	heard_since "$(datagrams)" || fail "$1: it isn't heard again"
}

nothing_left() {
	[ -z "$(keepers)" ] || fail "$1: a keeper is in the ledger"
	for left in /sys/fs/cgroup/firn /sys/fs/cgroup/unified/firn \
		/sys/fs/cgroup/freezer/firn /sys/fs/cgroup/systemd/firn \
		"/sys/fs/bpf/firn/$id" "/run/firn/bpf/$id"; do
		[ -e "$left" ] && fail "$1: $left is left"
	done
	jq -es 'group_by(.change) | all(any(.phase == "undone" or
		.phase == "failed"))' "/run/firn/ledger/$id.jsonl" >/dev/null ||
		fail "$1: a change is open"
}

# restarted_in_silence WHAT NUMBER -- docker restart, and nothing arrives from
# before it to after the keeper is done.
restarted_in_silence() {
	local before pid

	sleep 0.3 # what was on its way
	before=$(datagrams) pid=$(pid_of)
	docker_in "$dir" restart -t 0 "$name" >/dev/null || fail "$1: restart"
	[ "$(pid_of)" != "$pid" ] || fail "$1: it was not restarted"
	engine_wait 30 said_times "cut again" "$2" ||
		fail "$1: the keeper says: $(keeper_said)"
	[ "$(datagrams)" -eq "$before" ] ||
		fail "$1: $(($(datagrams) - before)) datagrams came through"
}

ip link set lo up
ip link add "$bridge" type bridge
ip address add 10.99.7.1/24 dev "$bridge"
ip link set "$bridge" up
# The first thing it does is to send, and it never stops; raw frames too.
script='while :; do
	tftp -g -r beacon -l /dev/null 10.99.7.1 9999 & datagram=$!
	arping -q -c 1 -w 1 -I eth0 10.99.7.77 & frame=$!
	sleep 0.1
	kill -9 $datagram $frame
done 2>/dev/null'
make_rootfs "$dir/rootfs"
engine_docker_start "$dir" overlay2 "$bridge" || exit 1
docker_image_import "$dir" "$dir/rootfs" firn/busybox
docker_in "$dir" run -d --name "$name" firn/busybox sh -c "$script" \
	>/dev/null 2>&1
id=$(docker_in "$dir" inspect -f '{{.Id}}' "$name")
heard_since 0 || fail "it isn't heard at all"

# Without a keeper a restart drops the cut: what the rest of this is about.
"$firn" isolate --no-watch "$name" >"$dir/out" 2>&1
[ $? -le 3 ] || fail "isolate: $(cat "$dir/out")"
sleep 0.3
before=$(datagrams)
sleep 0.5
[ "$(datagrams)" -eq "$before" ] || fail "isolated, it is heard"
docker_in "$dir" restart -t 0 "$name" >/dev/null
heard_since "$before" || fail "without a keeper a restart is silent too"
[ "$(listed .isolated.state)" = restarted ] ||
	fail "list: after a restart it is $(listed .isolated.state)"
"$firn" release "$name" >/dev/null || fail "release"
is_heard_again "no keeper"
nothing_left "no keeper"

# With one.
"$firn" isolate --operator ada --case c-17 "$name" >"$dir/out" 2>&1
[ $? -le 3 ] || fail "isolate: $(cat "$dir/out")"
[ "$(keepers | wc -l)" -eq 1 ] || fail "there is no keeper"
[ "$(listed '[.isolated.state, .isolated.by, .isolated.case,
	.keeper.watch.state] | join(" ")')" = "in force ada c-17 running" ] ||
	fail "list: isolated, it is $(listed .)"
"$firn" isolate "$name" >/dev/null
[ "$(keepers | wc -l)" -eq 1 ] || fail "a second isolate leaves a second keeper"
restarted_in_silence "first restart" 1
restarted_in_silence "second restart" 2
before=$(frames)
sleep 1
[ "$(frames)" -eq "$before" ] || fail "raw frames come through"
jq -es 'any(.action == "isolate" and .operator ==
	"firn-keeper (for ada)" and .case == "c-17" and
	.phase == "confirmed")' "/run/firn/ledger/$id.jsonl" >/dev/null ||
	fail "the new cut is not in the ledger"
[ "$(listed .isolated.state)" = "in force" ] ||
	fail "list: cut again, it is $(listed .)"
kill -9 "$(keepers)"
engine_wait 5 eval '[ "$(listed .keeper.watch.state)" = "not running" ]' ||
	fail "list: its keeper is $(listed .keeper.watch.state)"
"$firn" release "$name" >/dev/null || fail "release"
is_heard_again "released"
nothing_left "released"
[ "$(listed .)" = null ] || fail "list: released, it is $(listed .)"

# By the options that it was isolated with: what is allowed is heard.
"$firn" isolate --allow 10.99.7.1:9999 "$name" >/dev/null 2>&1
docker_in "$dir" restart -t 0 "$name" >/dev/null
engine_wait 30 said_times "cut again" 3 || fail "allowed: $(keeper_said)"
is_heard_again "allowed"
"$firn" release "$name" >/dev/null || fail "release"

# Stopped for a while, and its daemon too.
"$firn" isolate "$name" >/dev/null 2>&1
docker_in "$dir" stop -t 0 "$name" >/dev/null
sleep 1
before=$(datagrams)
docker_in "$dir" start "$name" >/dev/null
engine_wait 30 said_times "cut again" 4 || fail "stopped: $(keeper_said)"
[ "$(datagrams)" -eq "$before" ] || fail "stopped and started, it is heard"
"$firn" release "$name" >/dev/null || fail "release"
is_heard_again "stopped and started"
nothing_left "stopped and started"

# v1 keeps a frozen process from dying: only v2 can restart it.
if [ "$v2" = inside-v2 ]; then
	"$firn" freeze "$name" >/dev/null || fail "freeze"
	"$firn" isolate "$name" >/dev/null 2>&1
	restarted_in_silence "frozen" 5
	"$firn" list --json | jq -e --arg id "$id" '.containers[] |
		select(.id == $id) | .state == "frozen"' >/dev/null ||
		fail "it is not frozen again"
	"$firn" release "$name" >/dev/null || fail "release"
	"$firn" thaw "$name" >/dev/null || fail "thaw"
	is_heard_again "thawed"
	nothing_left "thawed"
fi

[ $failed -eq 0 ] && echo "restarted, and cut again"
exit $failed
