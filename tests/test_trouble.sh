#!/bin/bash
# The main job when things go wrong: killed at any moment, a full disk, a
# closed pipe, an id that is none, somebody else's pause.
# Usage: test_trouble.sh FIRN
set -u
firn=$1
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=tests/engines.sh
. "$here/engines.sh"
engine_need docker containerd jq strace
dir=$(mktemp -d /var/tmp/firn-trouble.XXXXXX)
trap 'engine_stop "$dir"' EXIT
name=firn-trouble-$$
failed=0

fail() {
	echo "FAILED: $*"
	failed=1
}

# exits STATUS COMMAND... -- quietly.
exits() {
	local expected=$1 status

	shift
	"$@" >"$dir/out" 2>&1
	status=$?
	[ "$status" -eq "$expected" ] ||
		fail "exit status $status, not $expected: $*: $(cat "$dir/out")"
}

# state -- as firn list has it.
state() {
	"$firn" list --json | jq -r --arg name "$name" \
		'.containers[] | select(.name == $name) | .state'
}

# check_left FILE -- what an ended capture has left is whole as far as it goes.
check_left() {
	[ -e "$1" ] || return
	"$firn" verify --json "$1" >"$dir/verify"
	jq -e '(.verdict == "cut" and .problems == []) or
		.verdict == "foreign"' "$dir/verify" >/dev/null ||
		fail "what was left doesn't verify: $(jq -c . "$dir/verify")"
}

make_rootfs "$dir/rootfs"
engine_docker_start "$dir" || exit 1
docker_image_import "$dir" "$dir/rootfs" firn/busybox
docker_in "$dir" run -d --name "$name" --network none firn/busybox \
	sleep 1000 >/dev/null || exit 1

# --- who has frozen it -----------------------------------------------------------

exits 0 "$firn" freeze "$name"
exits 0 "$firn" freeze "$name"
[ "$(state)" = frozen ] || fail "list: frozen is $(state)"
exits 0 "$firn" thaw "$name"
docker_in "$dir" pause "$name" >/dev/null
exits 0 "$firn" freeze "$name"
grep -qi 'pause\|runtime' "$dir/out" || fail "a pause is not told"
exits 0 "$firn" thaw "$name"
[ "$(state)" = paused ] || fail "docker's pause was undone: $(state)"
exits 4 "$firn" thaw "$name"
exits 0 "$firn" thaw --force "$name"
docker_in "$dir" unpause "$name" >/dev/null 2>&1

# --- killed ------------------------------------------------------------------------

# Moments spread over the whole of a capture, to put right whatever it left.
for moment in $(seq 1 24); do
	"$firn" capture --quiet --isolate -o "$dir/killed.firn.tar.zst" \
		"$name" >/dev/null 2>&1 &
	sleep "0.$(printf '%03d' $((moment * 14)))"
	kill -KILL $! 2>/dev/null
	wait $! 2>/dev/null
	exits 0 "$firn" release "$name"
	"$firn" thaw "$name" >/dev/null 2>&1
	[ "$(state)" = running ] ||
		fail "killed after $((moment * 14)) ms: it is $(state)"
	check_left "$dir/killed.firn.tar.zst.partial"
	rm -f "$dir"/killed.firn.tar.zst*
done 2>/dev/null

# --- refused -----------------------------------------------------------------------

# An id that is none never leads to a write in a cgroup.
for id in '' . / ../x "$(printf '%063d' 0)" cgroup:/ cgroup:../.. pid:1 \
	"pid:$$" "$(printf '\033[2Jx')"; do
	# LeakSanitizer can't work below a tracer.
	ASAN_OPTIONS=detect_leaks=0 strace -f -y --seccomp-bpf \
		-e trace=openat,openat2,mkdirat,mkdir -o "$dir/trace" \
		"$firn" freeze "$id" >/dev/null 2>"$dir/refused"
	[ $? -eq 4 ] || fail "freeze '$id' is not refused"
	grep -q "$(printf '\033')" "$dir/refused" && fail "raw bytes on a terminal"
	grep -E '(cgroup|/run/firn).*(O_WRONLY|O_RDWR|O_CREAT)|mkdir' \
		"$dir/trace" && fail "freeze '$id' opens something for writing"
done
docker_in "$dir" run --name "$name-gone" --network none firn/busybox true
exits 4 "$firn" capture "$name-gone"

# --- nowhere to write ----------------------------------------------------------------

exits 5 "$firn" capture --quiet -o "$dir/no/such/x.firn.tar.zst" "$name"
[ "$(state)" = running ] || fail "frozen for an archive that can't be made"
mkdir "$dir/small" && mount -t tmpfs -o size=128k tmpfs "$dir/small"
exits 5 "$firn" capture --quiet -o "$dir/small/x.firn.tar.zst" "$name"
grep -q 'disk is full\|No space' "$dir/out" || fail "a full disk is not named"
check_left "$dir/small/x.firn.tar.zst.partial"
umount "$dir/small"
"$firn" capture --quiet -o - "$name" 2>"$dir/out" | head -c 1000 >/dev/null
[ "${PIPESTATUS[0]}" -eq 5 ] || fail "a closed pipe is not exit status 5"
grep -q 'Broken pipe' "$dir/out" || fail "a closed pipe is not named"
[ "$(state)" = running ] || fail "it was left frozen"

[ $failed -eq 0 ] && echo "killed, refused, full, closed: put right and told"
exit $failed
