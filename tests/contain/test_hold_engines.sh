#!/bin/bash
# What docker, podman and runc can do to a container that firn holds: nothing
# that makes it run.  Usage: test_hold_engines.sh FIRN hybrid|v2
set -u
# shellcheck source=tests/engines.sh
. "$(dirname "$0")/../engines.sh"
engine_need docker dockerd containerd runc podman jq busybox

if [ "$2" = v2 ]; then
	exec unshare -m bash -c 'umount -R -l /sys/fs/cgroup
		mount -t cgroup2 cgroup2 /sys/fs/cgroup || exit 77
		exec "$@"' bash "$0" "$1" inside
fi

firn=$1
dir=$(mktemp -d /tmp/firn-hold.XXXXXX)
prefix=firn-hold-$$
failed=0
cleanup() {
	local name
	for name in docker kill rm podman runc; do
		"$firn" thaw "$prefix-$name" >/dev/null 2>&1
	done
	runc delete -f "$prefix-runc" 2>/dev/null
	engine_stop "$dir"
}
trap cleanup EXIT

fail() {
	echo "FAILED: $*"
	failed=1
}

# of TARGET JQ -- what firn list says of it.
of() {
	"$firn" list --json | jq -r --arg name "$1" '.containers[] |
		select(.name == $name or .id == $name) | '"$2"
}

# places PID -- the cgroups of a container's processes, by its init's children.
places() {
	for place_pid in $1 $(cat "/proc/$1/task/$1/children"); do
		echo "$place_pid"
		cat "/proc/$place_pid/cgroup"
	done
}

# ticks PID -- processor time that it and its children have had.
ticks() {
	for ticks_pid in $1 $(cat "/proc/$1/task/$1/children"); do
		sed 's/.*) //' "/proc/$ticks_pid/stat" | cut -d' ' -f12,13
	done
}

# stands WHAT PID -- it gets no processor time.
stands() {
	stands_before=$(ticks "$2")
	sleep 0.3
	[ "$(ticks "$2")" = "$stands_before" ] || fail "$1: it runs"
}

runs() {
	runs_before=$(ticks "$2")
	sleep 0.3
	[ "$(ticks "$2")" != "$runs_before" ] || fail "$1: it doesn't run"
}

# thaw_files TARGET -- writes what a platform writes to the cgroup's own files.
thaw_files() {
	"$firn" freeze --dry-run --json "$1" |
		jq -r '.would_write[] | split(" to ")[1]' |
		while read -r file; do
			case $file in
			*cgroup.freeze) echo 0 >"$file" ;;
			*freezer.state) echo THAWED >"$file" ;;
			esac
		done
}

# held TARGET THAW... -- hold it, let the platform thaw it, thaw it.
held() {
	held_target=$1
	shift
	held_pid=$(of "$held_target" .pid)
	[ -d "/proc/$held_pid" ] || { fail "$held_target isn't listed"; return; }
	held_before=$(places "$held_pid")
	runs "$held_target, before" "$held_pid"
	"$firn" freeze --json --hold "$held_target" >"$dir/out" ||
		fail "freeze --hold $held_target: $(cat "$dir/out")"
	jq -e '.freeze.held.processes == 3 and
		.freeze.held.not_held == []' "$dir/out" >/dev/null ||
		fail "$held_target: $(jq -c .freeze.held "$dir/out")"
	stands "$held_target, held" "$held_pid"
	"$@" >/dev/null 2>&1
	stands "$held_target after $*" "$held_pid"
	thaw_files "$held_target"
	stands "$held_target after a write to its files" "$held_pid"
	[ "$(of "$held_target" .state)" != running ] ||
		fail "$held_target: firn list says that it runs"
	"$firn" thaw "$held_target" >"$dir/out" ||
		fail "thaw $held_target: $(cat "$dir/out")"
	runs "$held_target, thawed" "$held_pid"
	[ "$(places "$held_pid")" = "$held_before" ] ||
		fail "$held_target isn't where it was: $(places "$held_pid")"
	"$firn" freeze --dry-run --json "$held_target" |
		jq -r '.would_write[] | split(" to ")[1]' |
		while read -r held_file; do
			ls -d "${held_file%/*}"/*/ 2>/dev/null
		done | grep firn-hold && fail "$held_target: a child is left"
}

# Two that keep a processor busy, below a first one that does, too.
script='(while :; do :; done) & (while :; do :; done) & while :; do :; done'

make_rootfs "$dir/rootfs" && engine_docker_start "$dir" &&
	docker_image_import "$dir" "$dir/rootfs" firn/busybox || exit 1
run_docker() {
	docker_in "$dir" run -d --name "$1" --network none --cpus 0.5 \
		firn/busybox sh -c "$script" >/dev/null 2>&1 ||
		docker_in "$dir" run -d --name "$1" --network none \
			firn/busybox sh -c "$script" >/dev/null ||
		fail "docker run $1"
}
docker_again() {
	docker_in "$dir" pause "$1"
	docker_in "$dir" unpause "$1"
}
docker_in "$dir" rm -f "$prefix-docker" >/dev/null 2>&1
run_docker "$prefix-docker"
held "$prefix-docker" docker_again "$prefix-docker"

# Killed while it's held: dead at once on v2; at the thaw where v1 has it, too.
docker_in "$dir" rm -f "$prefix-docker" >/dev/null
run_docker "$prefix-kill"
"$firn" freeze --quiet --hold "$prefix-kill" >/dev/null || fail "hold to kill"
timeout 30 docker -H "unix://$dir/docker/sock" kill "$prefix-kill" \
	>/dev/null 2>&1
echo "docker kill of a held one: status $?, $(docker_in "$dir" inspect \
	-f '{{.State.Status}}' "$prefix-kill")"
"$firn" thaw --quiet "$prefix-kill" >/dev/null 2>&1
dead() {
	[ "$(docker_in "$dir" inspect -f '{{.State.Status}}' "$1")" = exited ]
}
engine_wait 10 dead "$prefix-kill" ||
	fail "docker kill of a held one, thawed: it lives"
run_docker "$prefix-rm"
"$firn" freeze --quiet --hold "$prefix-rm" >/dev/null || fail "hold to remove"
timeout 60 docker -H "unix://$dir/docker/sock" rm -f "$prefix-rm" \
	>/dev/null 2>&1
echo "docker rm -f of a held one: status $?"
"$firn" thaw --quiet "$prefix-rm" >/dev/null 2>&1
docker_in "$dir" rm -f "$prefix-rm" >/dev/null 2>&1
gone() {
	! docker_in "$dir" inspect "$1" >/dev/null 2>&1
}
engine_wait 10 gone "$prefix-rm" || fail "docker rm -f of a held one: it's there"

podman_image_import "$dir" "$dir/rootfs" firnbusybox
# With runc: crun raises a limit that it may not raise here.  Without limits:
# a v2 made of a hybrid has no controllers.
podman_in "$dir" --runtime=runc run -d --network none \
	--ulimit nofile=1024:1024 --ulimit nproc=1024:1024 --pids-limit 0 \
	--name "$prefix-podman" firnbusybox sh -c "$script" >/dev/null \
	2>"$dir/podman.log" || fail "podman run: $(cat "$dir/podman.log")"
podman_again() {
	podman_in "$dir" pause "$1"
	podman_in "$dir" unpause "$1"
}
held "$prefix-podman" podman_again "$prefix-podman"

oci_bundle "$dir/runc" "$dir/rootfs" &&
jq --arg script "$script" '.process.args = ["sh", "-c", $script]' \
	"$dir/runc/config.json" >"$dir/config" &&
	mv "$dir/config" "$dir/runc/config.json"
(cd "$dir/runc" && runc run -d "$prefix-runc" </dev/null >/dev/null \
	2>"$dir/runc.log") || fail "runc run: $(cat "$dir/runc.log")"
runc_again() {
	runc pause "$1"
	runc resume "$1"
}
held "$prefix-runc" runc_again "$prefix-runc"

[ $failed -eq 0 ] && echo "docker, podman, runc: held, and put back"
exit $failed
