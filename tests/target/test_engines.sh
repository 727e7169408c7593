#!/bin/bash
# What firn resolves of the containers of real engines, with their daemons
# running, stopped and killed.
#
#	test_engines.sh BUILD-DIR [v2]
#
# With "v2" it runs in a mount namespace of its own whose only hierarchy is
# cgroup v2; else on what the machine has.

here=$(cd "$(dirname "$0")/.." && pwd)
. "$here/engines.sh"
engine_need docker dockerd containerd ctr runc crun podman jq busybox

if [ "$2" = v2 ]; then
	exec unshare -m bash -c 'umount -R -l /sys/fs/cgroup
		mount -t cgroup2 cgroup2 /sys/fs/cgroup || exit 77
		exec "$@"' bash "$0" "$1" inside
fi

resolve=$1/resolve
dir=$(mktemp -d /tmp/firn-engines.XXXXXX)
prefix=firn-engines-$$
failed=0
trap 'runc delete -f "$prefix-runc"; crun delete -f "$prefix-crun"
	engine_stop "$dir/vfs"; engine_stop "$dir"' EXIT 2>/dev/null

ok() {
	echo "ok: $1"
}

fail() {
	echo "FAILED: $1"
	failed=1
}

# is WHAT TARGET JQ VALUE -- firn says VALUE of a target.
is() {
	is_got=$("$resolve" "$2" 2>&1 | jq -r "$3" 2>&1)
	[ "$is_got" = "$4" ] && ok "$1" && return
	fail "$1: $2 $3 is \"$is_got\", not \"$4\""
}

# refused WHAT TARGET WORDS -- firn refuses it, in these words.
refused() {
	refused_text=$("$resolve" "$2" 2>&1 >/dev/null)
	refused_status=$?
	case $refused_status:$refused_text in
	4:*"$3"*) ok "$1" ;;
	*) fail "$1: status $refused_status: $refused_text" ;;
	esac
}

# facts TARGET -- all that must not depend on a daemon.
facts() {
	"$resolve" "$1" | jq -S '[.id, .name, .image, .runtime, .pid,
		.start_ticks, .cgroup_v2, .cgroup_freezer, .rootfs,
		.processes.own, .records, .environment, .disagreements]'
}

# same WHEN -- the facts of all targets are what they were at first.
same() {
	for target in $targets; do
		if [ "$(facts "$target")" = "$(cat "$dir/facts.$target")" ]; then
			ok "$target, $1"
		else
			fail "$target, $1"
			facts "$target" | diff "$dir/facts.$target" -
		fi
	done
}

start() {
	make_rootfs "$dir/rootfs" &&
	engine_docker_start "$dir" overlay2 &&
	docker_image_import "$dir" "$dir/rootfs" firn/busybox &&
	ctr_image_import "$dir" "$dir/rootfs" local/busybox:1 &&
	podman_image_import "$dir" "$dir/rootfs" firnbusybox &&
	docker_in "$dir" run -d --name "$prefix-docker" --network none \
		-e SECRET=1 -v "$dir/rootfs:/data:ro" firn/busybox \
		sleep 1000 >/dev/null &&
	ctr_in "$dir" run -d --cpu-shares 0 local/busybox:1 "$prefix-ctr" sleep 1000 &&
	podman_run "$dir" --name "$prefix-podman" firnbusybox \
		sleep 1000 >/dev/null || return 1
	for runtime in runc crun; do
		oci_bundle "$dir/$runtime" "$dir/rootfs" || return 1
	done
	(cd "$dir/runc" && runc run -d "$prefix-runc" </dev/null \
		>/dev/null 2>"$dir/runc.log") || return 1
	start_crun
}

# crun refuses a hybrid of cgroups, and to raise limits that it may not.
start_crun() (
	cd "$dir/crun" || exit
	jq 'del(.process.rlimits) | del(.linux.resources)' config.json \
		>config.new && mv config.new config.json
	unshare -m sh -c 'umount -l /sys/fs/cgroup/unified 2>/dev/null
		exec crun run -d "$1"' sh "$prefix-crun" </dev/null \
		>/dev/null 2>"$dir/crun.log"
)

check_identity() {
	id=$(docker_in "$dir" inspect -f '{{.Id}}' "$prefix-docker")
	pid=$(docker_in "$dir" inspect -f '{{.State.Pid}}' "$prefix-docker")
	upper=$(docker_in "$dir" inspect \
		-f '{{.GraphDriver.Data.UpperDir}}' "$prefix-docker")
	lowers=$(docker_in "$dir" inspect \
		-f '{{.GraphDriver.Data.LowerDir}}' "$prefix-docker")
	is "docker: its id" "$prefix-docker" .id "$id"
	is "docker: the first process" "$prefix-docker" .pid "$pid"
	is "docker: the upper layer" "$prefix-docker" .rootfs.upper "$upper"
	is "docker: the lower layers" "$prefix-docker" \
		'.rootfs.lowers | join(":")' "$lowers"
	is "docker: by a prefix" "${id%"${id#????????}"}" .id "$id"
	is "docker: by its scheme" "docker://$id" .name "$prefix-docker"
	is "docker: by its process" "pid:$pid" .id "$id"
	is "docker: what it was given" "$prefix-docker" \
		'.environment | index("SECRET=1") != null' true
	is "docker: its volume" "$prefix-docker" \
		'.mounts[] | [.destination, .read_only] | @csv' '"/data",true'
	is "docker: its log" "$prefix-docker" \
		'[.records[].name] | index("json.log") != null' true
	is "ctr: its runtime" "$prefix-ctr" .runtime containerd
	is "ctr: its upper layer is there" "$prefix-ctr" \
		'.rootfs.upper | endswith("/fs")' true
	is "podman: its runtime" "$prefix-podman" .runtime podman
	is "podman: its upper layer" "$prefix-podman" .rootfs.upper \
		"$(podman_in "$dir" inspect \
			-f '{{.GraphDriver.Data.UpperDir}}' "$prefix-podman")"
	is "runc: its runtime" "$prefix-runc" .runtime runc
	is "crun: its runtime" "$prefix-crun" .runtime crun
	for target in $targets; do
		is "$target: its first process is its own" "$target" \
			'.pid as $pid | .processes.own | index($pid) != null' \
			true
		is "$target: nobody escaped" "$target" \
			'.processes.escaped | length' 0
		is "$target: no disagreement" "$target" .disagreements '[]'
	done
}

check_states() {
	for target in $targets; do
		facts "$target" >"$dir/facts.$target"
	done
	engine_docker_signal "$dir" STOP
	engine_containerd_signal "$dir" STOP
	same "with the daemons stopped"
	engine_containerd_signal "$dir" CONT
	engine_docker_signal "$dir" CONT
}

check_members() {
	docker_in "$dir" exec -d "$prefix-docker" sleep 1001
	is "docker: an exec is its own" "$prefix-docker" \
		'[.processes.own, .processes.escaped] | map(length) | @csv' \
		2,0
	docker_in "$dir" run -d --name "$prefix-side" --network none \
		--pid "container:$prefix-docker" firn/busybox sleep 1002 \
		>/dev/null
	is "docker: a sibling in its pid namespace has joined" \
		"$prefix-docker" '[.processes.joined, .processes.escaped] |
		map(length) | @csv' 1,0
	docker_in "$dir" pause "$prefix-side" >/dev/null
	state=$("$resolve" list | jq -r --arg name "$prefix-side" \
		'.[] | select(.name == $name) | .state')
	[ "$state" = paused ] && ok "docker: paused" ||
		fail "docker: paused is \"$state\""
	docker_in "$dir" unpause "$prefix-side" >/dev/null
	docker_in "$dir" rm -f "$prefix-side" >/dev/null
	nsenter -t "$pid" -p sleep 50 &
	sleep 0.5
	is "docker: a tool of the host that entered its pid namespace" \
		"$prefix-docker" '[.processes.joined, .processes.escaped] |
		map(length) | @csv' 1,0
	kill $! 2>/dev/null
	wait $! 2>/dev/null
}

# A container that puts a filesystem of its own over its root.
check_pivot() {
	docker_in "$dir" run -d --cap-add SYS_ADMIN \
		--security-opt seccomp=unconfined --name "$prefix-pivot" \
		--network none firn/busybox sh -c 'mkdir /n &&
		mount -t tmpfs n /n && mkdir /n/bin /n/old &&
		cp /bin/busybox /n/bin/ && cd /n && pivot_root . old &&
		exec chroot . /bin/busybox sleep 1000' >/dev/null
	sleep 1
	is "docker: its layer, when it hides it" "$prefix-pivot" .rootfs.upper \
		"$(docker_in "$dir" inspect \
			-f '{{.GraphDriver.Data.UpperDir}}' "$prefix-pivot")"
	is "docker: that it hides it" "$prefix-pivot" \
		'[.disagreements[].fact] | index("rootfs") != null' true
	docker_in "$dir" rm -f "$prefix-pivot" >/dev/null
}

check_refusals() {
	docker_in "$dir" run --name "$prefix-gone" --network none \
		firn/busybox sh -c 'exit 3'
	refused "an exited one" "$prefix-gone" "exited with 3"
	refused "63 digits" "${id%?}" "63 digits"
	refused "the group of all" \
		"cgroup:$(dirname "$("$resolve" "$prefix-docker" |
			jq -r '.cgroup_v2.path // .cgroup_freezer.path')")" \
		refused
	refused "nobody" "$prefix-nobody" "firn list"
}

check_vfs() {
	mkdir -p "$dir/vfs"
	engine_docker_start "$dir/vfs" vfs &&
	docker_image_import "$dir/vfs" "$dir/rootfs" firn/busybox &&
	docker_in "$dir/vfs" run -d --name "$prefix-vfs" --network none \
		firn/busybox sleep 1000 >/dev/null ||
		fail "start a docker with vfs"
	is "vfs: its runtime" "$prefix-vfs" .runtime docker
	is "vfs: it has no upper layer" "$prefix-vfs" .rootfs.upper null
	is "vfs: nobody escaped" "$prefix-vfs" '.processes.escaped | length' 0
}

check_killed() {
	engine_docker_signal "$dir" KILL
	engine_containerd_signal "$dir" KILL
	sleep 0.5
	for target in $targets; do
		facts "$target" >"$dir/now" && continue
		fail "$target, with the daemons killed"
	done
	is "docker: with the daemons killed" "$prefix-docker" \
		'[.id, .pid, .rootfs.upper, .runtime] | @csv' \
		"\"$id\",$pid,\"$upper\",\"docker\""
	is "ctr: with the daemons killed" "$prefix-ctr" .runtime containerd
}

targets="$prefix-docker $prefix-ctr $prefix-podman $prefix-runc $prefix-crun"
if ! start; then
	tail -n 3 "$dir"/*.log 2>/dev/null
	echo "skipped: the engines can't run here"
	exit 77
fi
check_identity
check_states
check_members
check_pivot
check_refusals
check_vfs
check_killed
exit $failed
