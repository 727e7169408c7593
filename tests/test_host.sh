#!/bin/bash
# What a capture says of the node's containers, by Docker's and runc's own
# traces: which can reach the host, also those that don't run.  A privileged one
# is only made: not every machine of tests may give all it asks for.
# Usage: test_host.sh FIRN
set -u
firn=$1
# shellcheck source=tests/engines.sh
. "$(dirname "$0")/engines.sh"
engine_need dockerd docker containerd runc jq busybox
dir=$(mktemp -d /tmp/firn-host.XXXXXX)
name=firn-host-$$
failed=0
# shellcheck disable=SC2317 # the trap calls it
clean() {
	runc delete -f "$name" 2>/dev/null
	docker_in "$dir" rm -f "$name-loud" "$name-quiet" "$name-made" \
		>/dev/null 2>&1
	engine_stop "$dir"
}
trap clean EXIT

fail() {
	echo "FAILED: $*"
	failed=1
}

# holds JQ-CONDITION WHAT -- of one container, whose name or id is WHAT.
holds() {
	[ "$(jq -s --arg name "$2" \
		'[.[] | select(.name == $name or .id == $name)] |
		length == 1 and (.[0] | '"$1"')' "$containers")" = true ] ||
		fail "$2: $1: $(jq -c --arg name "$2" \
			'select(.name == $name or .id == $name)' "$containers")"
}

engine_docker_start "$dir" || exit 1
make_rootfs "$dir/rootfs"
docker_image_import "$dir" "$dir/rootfs" firn-test || exit 1
mkdir "$dir/shared"
docker_in "$dir" run -d --name "$name-loud" --network none \
	--pid host -v /etc:/host-etc -v "$dir/docker/sock:/var/run/docker.sock:ro" \
	firn-test sleep 1000 >/dev/null || exit 1
docker_in "$dir" run -d --name "$name-quiet" --network none \
	firn-test sleep 1000 >/dev/null || exit 1
docker_in "$dir" create --name "$name-made" --network host --privileged \
	-v "$dir/shared:/x" firn-test sleep 1 >/dev/null || exit 1
oci_bundle "$dir/bundle" "$dir/rootfs" || exit 1
runc run -d -b "$dir/bundle" "$name" </dev/null >/dev/null 2>"$dir/log" || {
	cat "$dir/log"
	exit 1
}

"$firn" keygen "$dir/key.pem" >/dev/null 2>&1
"$firn" capture --quiet --no-freeze --only host --key "$dir/key.pem" \
	-o "$dir/case.firn.tar.zst" "$name-quiet" >"$dir/out" 2>&1
status=$?
[ "$status" = 0 ] || [ "$status" = 3 ] || fail "capture: $(cat "$dir/out")"
mkdir "$dir/unpacked"
tar --zstd -C "$dir/unpacked" --strip-components=1 \
	-xf "$dir/case.firn.tar.zst" || exit 1
containers=$dir/unpacked/data/host/containers.jsonl

holds '.runtime == "docker" and .running' "$name-loud"
holds '.pid_mode == "host" and .network_mode == "none"' "$name-loud"
holds '.mounts | any(.source == "/etc" and .destination == "/host-etc" and
	.writable)' "$name-loud"
holds '.mounts | any(.destination == "/var/run/docker.sock" and
	(.writable | not))' "$name-loud"
holds '.running and (.privileged | not) and .pid_mode == "private" and
	.mounts == []' "$name-quiet"
holds '.started > .created and .image == "firn-test"' "$name-quiet"
holds '(.running | not) and .privileged and .network_mode == "host" and
	.started == null and .pid == null' "$name-made"
holds '.mounts[0].destination == "/x"' "$name-made"
holds '.runtime == "runc" and .running and (.privileged | not) and
	.network_mode == "private" and .created != null and
	.started != null' "$name"
# The engine's socket is among the listeners, with its daemon.
jq -se --arg path "$dir/docker/sock" 'any(.[]; .path == $path and
	any(.pids[]; .comm == "dockerd"))' \
	"$dir/unpacked/data/host/listeners.jsonl" >/dev/null ||
	fail "no listener at $dir/docker/sock"
[ -s "$dir/unpacked/data/gaps.jsonl" ] &&
	fail "gaps: $(cat "$dir/unpacked/data/gaps.jsonl")"
exit $failed
