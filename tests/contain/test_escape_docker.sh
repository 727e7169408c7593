#!/bin/bash
# A container of a real Docker that leaves its cgroups, as an intruder with
# CAP_SYS_ADMIN and the host's cgroups does; and what firn says the freeze will
# lead to, from what a real Docker has written.
#
#	test_escape_docker.sh FIRN ESCAPEE

firn=$1 escapee=$2
here=$(cd "$(dirname "$0")/.." && pwd)
# shellcheck source=/dev/null
. "$here/engines.sh"
engine_need docker dockerd containerd runc jq busybox

dir=$(mktemp -d /tmp/firn-escape.XXXXXX)
name=firn-escape-docker-$$
failed=0
id=''

stop() {
	[ -z "$id" ] || "$firn" thaw -q "$id" >/dev/null 2>&1
	docker_in "$dir" rm -f "$name" >/dev/null 2>&1
	engine_stop "$dir"
	[ -z "$id" ] || rm -f "/run/firn/ledger/$id.jsonl"
}
trap stop EXIT

ok() {
	echo "ok: $1"
}

fail() {
	echo "FAILED: $1"
	failed=1
}

# is WHAT FILTER VALUE -- of the freeze's result.
is() {
	is_got=$(jq -r "$2" "$dir/freeze.json" 2>&1)
	[ "$is_got" = "$3" ] && ok "$1" || fail "$1: $2 is \"$is_got\""
}

beat() {
	cat "$dir/beats/away" 2>/dev/null
}

beats() {
	beats_old=$(beat)
	for _ in $(seq 100); do
		sleep 0.02
		[ "$(beat)" != "$beats_old" ] && return
	done
	return 1
}

start() {
	mkdir -p "$dir/beats" && make_rootfs "$dir/rootfs" &&
		cp "$escapee" "$dir/rootfs/bin/escapee" &&
		engine_docker_start "$dir" &&
		docker_image_import "$dir" "$dir/rootfs" firn/busybox &&
		docker_in "$dir" run -d --name "$name" --network none \
			--cap-add SYS_ADMIN --cgroupns host \
			--security-opt apparmor=unconfined \
			--security-opt seccomp=unconfined \
			-v /sys/fs/cgroup:/cg -v "$dir/beats:/beats" \
			--restart always --health-cmd true \
			--health-interval 20s --health-retries 2 \
			firn/busybox sh -c '
				set --
				for file in /cg/cgroup.procs \
					/cg/unified/cgroup.procs \
					/cg/freezer/cgroup.procs; do
					[ ! -e $file ] || set -- "$@" $file
				done
				escapee /beats/away "$@" & exec sleep 1000' \
			>"$dir/run" 2>&1
}

if ! start; then
	tail -n 3 "$dir/run" "$dir"/*/log 2>/dev/null
	echo "skipped: docker can't run here"
	exit 77
fi
id=$(docker_in "$dir" inspect -f '{{.Id}}' "$name")
beats && ok "the escapee runs" || fail "the escapee doesn't run"
init=$(docker_in "$dir" inspect -f '{{.State.Pid}}' "$name")
for pid in $(cat "/proc/$init/task/$init/children"); do
	grep -qzx escapee "/proc/$pid/cmdline" && break
done
before=$(cat "/proc/$pid/cgroup") || fail "pid $pid: it isn't there"
case $before in
*"freezer:/docker"* | *"0::/docker"*) fail "it didn't leave: $before" ;;
esac

"$firn" freeze --json "$name" >"$dir/freeze.json" 2>&1 ||
	fail "freeze: $(cat "$dir/freeze.json")"
beats && fail "it runs on" || ok "it stands still"
is "it is named, and in quarantine" \
	".freeze.escaped[] | select(.pid == $pid) | [.stopped, .held_by] | @csv" \
	'true,"quarantine"'
is "nobody else has escaped" '.freeze.escaped | length' 1
is "the health check bites in 20 s" \
	'.freeze.consequences[] | select(.kind == "health-check") | .after_s' 20
is "the restart policy is told" \
	'[.freeze.consequences[] | select(.kind == "restart") |
		select(.text | contains("always"))] | length' 1

"$firn" thaw --json "$name" >"$dir/thaw.json" 2>&1 ||
	fail "thaw: $(cat "$dir/thaw.json")"
beats && ok "it goes on" || fail "it doesn't go on"
[ "$(cat "/proc/$pid/cgroup")" = "$before" ] &&
	ok "in the very cgroups as before" ||
	fail "it is in $(cat "/proc/$pid/cgroup")"

# A capture puts it back as well.
"$firn" capture -q -o "$dir/keep.tar.zst" --only processes "$name" \
	>"$dir/capture" 2>&1
case $? in
0 | 3) ok "a capture of it" ;;
*) fail "capture: $(cat "$dir/capture")" ;;
esac
beats && [ "$(cat "/proc/$pid/cgroup")" = "$before" ] &&
	ok "after a capture it goes on, where it was" ||
	fail "after a capture: $(cat "/proc/$pid/cgroup")"
exit $failed
