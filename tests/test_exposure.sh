#!/bin/bash
# The verdict on real containers: one that nothing is wrong with, those that
# could have got out, and those that did.
#
#	test_exposure.sh FIRN

firn=$1
# shellcheck source=/dev/null
. "$(dirname "$0")/engines.sh"
# shellcheck source=/dev/null
. "$(dirname "$0")/lab.sh"
engine_need docker dockerd containerd runc jq busybox zstd openssl

dir=$(mktemp -d /tmp/firn-exposure.XXXXXX)
cron=/etc/cron.d/firn-test-$$
failed=0
others=()

stop() {
	for pid in "${others[@]}"; do kill "$pid" 2>/dev/null; done
	rm -f "$cron"
	runc delete -f "firn-exposure-$$" 2>/dev/null
	engine_stop "$dir"
	rm -rf "$dir"
}
trap stop EXIT

ok() {
	echo "ok: $1"
}

fail() {
	echo "FAILED: $1"
	failed=1
}

# start NAME [OPTION]... -- a container that sleeps.
start() {
	docker_in "$dir" run -d --name "$1" --network none "${@:2}" \
		busybox sleep 3000 >/dev/null || fail "docker run $1"
}

pid_of() {
	docker_in "$dir" inspect -f '{{.State.Pid}}' "$1"
}

# verdict NAME WANTED CHECK TITLE -- captured and live, the verdict is WANTED,
# and CHECK ("" for any) is a reason that weighs enough for it.
verdict() {
	before=$failed
	failed=0
	archive=$dir/$1.firn.tar.zst
	rm -f "$archive"
	"$firn" capture -q --json -o "$archive" "$1" >"$dir/capture.json" \
		2>"$dir/err" || [ $? = 3 ] || fail "capture $1: $(cat "$dir/err")"
	"$firn" exposure --json "$archive" >"$dir/lab.json"
	status=$?
	tar --zstd -xOf "$archive" --wildcards '*/data/assess/exposure.json' \
		>"$dir/node.json"
	"$firn" exposure --json "$1" >"$dir/live.json"
	for from in lab node live; do
		jq -e --arg v "$2" '.verdict == $v' "$dir/$from.json" \
			>/dev/null || fail "$4: $from says \
$(jq -c '[.verdict, (.reasons[:3][] | .fact)]' "$dir/$from.json")"
	done
	jq -e --arg v "$2" '.node.verdict == $v' "$dir/capture.json" \
		>/dev/null || fail "$4: capture says $(jq -c .node "$dir/capture.json")"
	cmp -s <(jq -S . "$dir/lab.json") <(jq -S . "$dir/node.json") ||
		fail "$4: the lab's answer differs from the node's"
	[ -z "$3" ] || jq -e --arg c "$3" \
		'.reasons | map(select(.check == $c)) | length > 0' \
		"$dir/lab.json" >/dev/null ||
		fail "$4: no reason $3: $(jq -c '[.reasons[].fact]' "$dir/lab.json")"
	[ "$2" != "presume exposed" ] || [ $status = 1 ] ||
		fail "$4: exit status $status"
	[ "$2" = "presume exposed" ] || [ $status = 0 ] || [ $status = 3 ] ||
		fail "$4: exit status $status"
	[ $failed = 1 ] || ok "$4"
	failed=$((failed | before))
}

engine_docker_start "$dir" && make_rootfs "$dir/rootfs" &&
	docker_image_import "$dir" "$dir/rootfs" busybox || exit 1

# --- nothing wrong -------------------------------------------------------------

start plain
verdict plain "no sign" "" "a default container is no sign"
jq -e '.unknown == []' "$dir/lab.json" >/dev/null ||
	fail "something could not be told: $(jq -c .unknown "$dir/lab.json")"
jq -e '.posture | length > 20' "$dir/lab.json" >/dev/null || fail "no posture"

# A root that is a plain folder of the host has the device of everything there.
runc_name=firn-exposure-$$
oci_bundle "$dir/bundle" "$dir/rootfs" &&
	runc run -d --bundle "$dir/bundle" "$runc_name" </dev/null >/dev/null 2>&1
verdict "$runc_name" "no sign" "" "a default one on a plain folder is no sign"
runc delete -f "$runc_name"

# --- it could have -------------------------------------------------------------

# --privileged needs capabilities that not every machine has to give: these are
# what makes it so.
start powers --cap-add SYS_ADMIN --cap-add SYS_PTRACE --cap-add SYS_MODULE \
	--security-opt seccomp=unconfined --security-opt systempaths=unconfined
verdict powers possible capabilities "a privileged one with nothing else is possible"

start jobs -v /etc/cron.d:/jobs
verdict jobs possible host-paths "a mounted cron folder is possible"

start engine -v "$dir/docker/sock:/run/engine"
verdict engine possible runtime-socket \
	"the runtime's socket under another name is possible"

# --- it did --------------------------------------------------------------------

docker_in "$dir" exec jobs sh -c "echo '# firn test' >/jobs/${cron##*/}"
verdict jobs "presume exposed" host-file \
	"a write to the mounted cron folder is presumed"
rm -f "$cron"

start pwn -v /:/host
verdict engine "presume exposed" new-container \
	"a container made through the mounted socket is presumed"
docker_in "$dir" rm -f pwn >/dev/null

"/proc/$(pid_of plain)/root/bin/busybox" sleep 1000 &
others+=($!)
verdict plain "presume exposed" host-process \
	"a process of the host that runs the container's file is presumed"
kill "${others[0]}"
wait "${others[0]}" 2>/dev/null

# As CVE-2022-0492 is used: a hierarchy of version 1, mounted within.
if docker_in "$dir" exec powers sh -c \
	'mkdir -p /tmp/cg && mount -t cgroup -o pids pids /tmp/cg' 2>"$dir/err"; then
	was=$(docker_in "$dir" exec powers cat /tmp/cg/release_agent)
	docker_in "$dir" exec powers sh -c 'echo /tmp/x >/tmp/cg/release_agent'
	verdict powers "presume exposed" kernel-helper \
		"a release_agent that was set is presumed"
	docker_in "$dir" exec powers sh -c \
		"echo '$was' >/tmp/cg/release_agent; umount /tmp/cg"
else
	echo "no hierarchy of version 1 can be mounted: $(cat "$dir/err")"
fi

docker_in "$dir" exec -d plain sleep 2000
sleep 0.3
escapee=$(pgrep -f '^sleep 2000$' | head -1)
for root in /sys/fs/cgroup/unified /sys/fs/cgroup/freezer /sys/fs/cgroup; do
	[ -w "$root/cgroup.procs" ] && echo "$escapee" >"$root/cgroup.procs"
done
verdict plain "presume exposed" escaped-process \
	"a process that left the container's cgroup is presumed"

exit $failed
