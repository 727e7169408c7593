#!/bin/bash
# The main job on containers of real engines, as a responder does it and as a
# lab checks it.  Usage: test_capture.sh FIRN
set -u
firn=$1
# shellcheck source=tests/engines.sh
. "$(dirname "$0")/engines.sh"
engine_need docker containerd runc podman jq openssl zstd strace
dir=$(mktemp -d /tmp/firn-capture.XXXXXX)
trap 'engine_stop "$dir"' EXIT
prefix=firn-capture-$$
failed=0

fail() {
	echo "FAILED: $*"
	failed=1
}

# times_of UPPER -- every name with all its times, none of them changed by it.
times_of() {
	find "$1" -printf '%p %A@ %T@ %C@ %s %m %U:%G\n' | sort
}

# layer_matches ARCHIVE_DIR -- the layer, loaded by docker, has the same files.
layer_matches() {
	docker_in "$dir" create --name "$prefix-again" firn/again /bin/true \
		>/dev/null
	docker_in "$dir" export "$prefix-again" | tar -tf - |
		grep -q '^root/loot$' ||
		fail "the layer as an image has no root/loot"
	docker_in "$dir" rm "$prefix-again" >/dev/null
}

# lab ARCHIVE -- with stock tools only; leaves it unpacked in $dir/lab.
lab() {
	rm -rf "$dir/lab" && mkdir "$dir/lab"
	tar --zstd -C "$dir/lab" -xf "$1" || fail "tar: $1"
	mv "$dir"/lab/*/* "$dir/lab/"
	(cd "$dir/lab" &&
		sha256sum -c --quiet manifest-sha256.txt \
			tagmanifest-sha256.txt &&
		openssl pkeyutl -verify -pubin -inkey signer.pem -rawin \
			-in tagmanifest-sha256.txt \
			-sigfile tagmanifest-sha256.txt.sig >/dev/null) ||
		fail "sha256sum or openssl: $1"
	"$firn" verify "$1" >/dev/null || fail "firn verify $1"
}

# state_of NAME -- as firn list has it.
state_of() {
	"$firn" list --json | jq -r --arg name "$1" \
		'.containers[] | select(.name == $name) | .state'
}

# captured TARGET NAME -- capture it, and give it to the lab.
captured() {
	"$firn" capture --quiet -o "$dir/$2.firn.tar.zst" "$1" \
		>"$dir/out" 2>&1
	case $? in
	0 | 3) ;;
	*) fail "capture $1: $(cat "$dir/out")" ;;
	esac
	lab "$dir/$2.firn.tar.zst"
	tar -tf "$dir/lab/data/filesystem/layer.tar" |
		grep -qx root/loot || fail "$2: root/loot is not in the layer"
	grep -q '"path":"root/loot"' "$dir/lab/data/filesystem/changes.jsonl" ||
		fail "$2: root/loot is not in changes.jsonl"
	"$firn" secrets "$dir/$2.firn.tar.zst" >"$dir/out"
	grep -q 'POOL' "$dir/out" || fail "$2: no checklist from the archive"
	grep -rq not-for-anyone "$dir/out" "$dir/lab/data/assess" &&
		fail "$2: a secret's value is shown"
}

script='echo loot >/root/loot; rm /etc/group; sleep 1000'
make_rootfs "$dir/rootfs"

# --- docker ------------------------------------------------------------------
engine_docker_start "$dir" || exit 1
docker_image_import "$dir" "$dir/rootfs" firn/busybox
docker_in "$dir" run -d --name "$prefix-docker" --network none \
	-e POOL_PASSWORD=not-for-anyone firn/busybox sh -c "$script" >/dev/null
engine_wait 10 docker_in "$dir" exec "$prefix-docker" test ! -e /etc/group
upper=$(docker_in "$dir" inspect -f '{{.GraphDriver.Data.UpperDir}}' \
	"$prefix-docker")
# Times so old that any read would renew them; looked at by a mount that
# doesn't, for the sake of find itself.
mkdir "$dir/look" && mount --bind "$upper" "$dir/look" &&
	mount -o remount,bind,noatime "$dir/look"
find "$upper" -exec touch -h -a -d 2001-01-01 {} +
before=$(times_of "$dir/look")
captured "$prefix-docker" docker
times_of "$dir/look" | diff <(echo "$before") - || fail "a time stamp has changed"
umount "$dir/look"
tar -tf "$dir/lab/data/filesystem/layer.tar" | grep -qx etc/.wh.group ||
	fail "the whiteout of etc/group"
docker_in "$dir" save firn/busybox >"$dir/base.tar"
docker_in "$dir" import "$dir/lab/data/filesystem/layer.tar" firn/again \
	>/dev/null 2>&1 || fail "docker takes the layer for no image"
layer_matches

# What was frozen by whom, and what is refused.
"$firn" freeze "$prefix-docker" >/dev/null || fail "freeze"
"$firn" freeze "$prefix-docker" >/dev/null || fail "freeze again"
[ "$(state_of "$prefix-docker")" = frozen ] || fail "list: frozen"
"$firn" thaw "$prefix-docker" >/dev/null || fail "thaw"
docker_in "$dir" pause "$prefix-docker" >/dev/null
"$firn" thaw "$prefix-docker" >/dev/null 2>&1 &&
	fail "thawed what docker has paused"
docker_in "$dir" unpause "$prefix-docker" >/dev/null

# Whatever moment firn is killed at, the ledger puts it right.
for wait in 0.01 0.03 0.06 0.1 0.15 0.25; do
	"$firn" capture --quiet --isolate -o "$dir/killed.firn.tar.zst" \
		"$prefix-docker" >/dev/null 2>&1 &
	sleep $wait
	kill -KILL $! 2>/dev/null
	wait $! 2>/dev/null
	"$firn" release "$prefix-docker" >/dev/null || fail "release after a kill"
	"$firn" thaw "$prefix-docker" >/dev/null 2>&1
	[ "$(state_of "$prefix-docker")" = running ] ||
		fail "killed after $wait s: it doesn't run again"
	rm -f "$dir"/killed.firn.tar.zst*
done

# An id that is none never leads to a write in a cgroup.
for name in '' . / ../x "$(printf '%063d' 0)"; do
	# LeakSanitizer can't work below a tracer.
	ASAN_OPTIONS=detect_leaks=0 strace -f -e trace=openat,openat2,write,mkdir -o "$dir/trace" \
		"$firn" freeze "$name" >/dev/null 2>&1
	[ $? -eq 4 ] || fail "freeze '$name' is not refused"
	grep -E 'cgroup.*(O_WRONLY|O_RDWR)' "$dir/trace" &&
		fail "freeze '$name' opens a cgroup's file for writing"
done

# A full disk, and a closed pipe.
mkdir "$dir/small" && mount -t tmpfs -o size=128k tmpfs "$dir/small"
"$firn" capture --quiet -o "$dir/small/x.firn.tar.zst" "$prefix-docker" \
	>/dev/null 2>&1
[ $? -eq 5 ] || fail "a full disk is not exit status 5"
umount "$dir/small"
"$firn" capture --quiet -o - "$prefix-docker" 2>/dev/null | head -c 1000 \
	>/dev/null
[ "${PIPESTATUS[0]}" -eq 5 ] || fail "a closed pipe is not exit status 5"

# The daemons hang; then they are dead.
engine_docker_signal "$dir" STOP
engine_containerd_signal "$dir" STOP
captured "$prefix-docker" stopped
engine_docker_signal "$dir" CONT
engine_containerd_signal "$dir" CONT

# --- podman, runc ------------------------------------------------------------
podman_image_import "$dir" "$dir/rootfs" firn/busybox
podman_run "$dir" --name "$prefix-podman" -e POOL_PASSWORD=not-for-anyone \
	firn/busybox sh -c "$script" >/dev/null 2>&1 || fail "podman run"
sleep 1
captured "$prefix-podman" podman

[ $failed -eq 0 ] && echo "docker, podman: captured, checked, put right"
exit $failed
