#!/bin/bash
# The main job on containers of real engines, and what a lab makes of it.
#
#	test_capture.sh FIRN [v1|v2]
#
# With "v1" or "v2" it runs in a mount namespace of its own that has only that
# version of control groups; else on what the machine has.
set -u
firn=$1
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=tests/engines.sh
. "$here/engines.sh"
# shellcheck source=tests/lab.sh
. "$here/lab.sh"
engine_need docker containerd ctr runc podman bsdtar jq openssl zstd strace

# shellcheck disable=SC2016 # for the inner shell
case ${2:-} in
v1) only='umount -l /sys/fs/cgroup/unified 2>/dev/null; exec "$@"' ;;
v2) only='umount -R -l /sys/fs/cgroup &&
	mount -t cgroup2 cgroup2 /sys/fs/cgroup && exec "$@"' ;;
*) only= ;;
esac
[ -z "$only" ] || exec unshare -m bash -c "$only" bash bash "$0" "$1"

dir=$(mktemp -d /var/tmp/firn-capture.XXXXXX)
prefix=firn-capture-$$
failed=0 traces=0
trap 'runc delete -f "$prefix-runc" 2>/dev/null
	umount "$dir/runc/rootfs" 2>/dev/null; engine_stop "$dir"' EXIT

fail() {
	echo "FAILED: $*"
	failed=1
}

# traced ARGUMENT... -- firn, and what it opens for writing, makes and removes.
traced() {
	traces=$((traces + 1))
	# LeakSanitizer can't work below a tracer.
	ASAN_OPTIONS=detect_leaks=0 strace -f -y --seccomp-bpf -o "$dir/trace.$traces" \
		-e trace=open,openat,openat2,creat,mkdir,mkdirat,rmdir,unlink,unlinkat,rename,renameat,renameat2 \
		"$firn" "$@"
}

# Of all that: nothing in a cgroup but files of the target's own.
check_writes() {
	local group

	group=$("$firn" list --json | jq -r --arg name "$1" \
		'.containers[] | select(.name == $name) | .cgroup')
	[ -n "$group" ] || fail "$1: firn list has no cgroup"
	cat "$dir"/trace.* | grep -E '/sys/fs/cgroup|cgroup\.|freezer\.' |
		grep -E 'O_WRONLY|O_RDWR|O_CREAT|mkdir|rmdir|unlink|rename' |
		grep -vF "$group>" >"$dir/writes" &&
		fail "$1: written in cgroups: $(head -5 "$dir/writes")"
	cat "$dir"/trace.* | grep -E 'O_WRONLY' | grep -qF "$group>" ||
		fail "$1: no write in its cgroup was seen: nothing is proved"
	rm -f "$dir"/trace.*
}

# times_of UPPER -- every name with all its times, looked at by a mount that
# doesn't renew them.
times_of() {
	find "$1" -printf '%p %A@ %T@ %C@ %s %m %U:%G\n' | sort
}

# age UPPER -- times so old that any read would renew them (relatime).
age() {
	mkdir -p "$dir/look"
	mount --bind "$1" "$dir/look" &&
		mount -o remount,bind,noatime "$dir/look" ||
		fail "look at $1"
	find "$dir/look" -exec touch -h -a -d 2001-01-01 {} +
	times_of "$dir/look" >"$dir/times"
}

unchanged() {
	times_of "$dir/look" | diff "$dir/times" - ||
		fail "$1: a time stamp has changed"
	umount "$dir/look"
}

# docker_less -- without what engines put into every container.
docker_less() {
	grep -vE '^\. |^\./(\.dockerenv|dev|etc/(hosts|hostname|resolv.conf|mtab)|proc|sys|run/\.containerenv)' |
		sed -E 's/^(\.|\.\/etc|\.\/run|\/) time=[0-9.]+ mode=[0-9]+/\1/'
}

# check_layer NAME UPPER -- a capture's layer over the container's base is what
# the container had.
check_layer() {
	local layer=$dir/lab/data/filesystem/layer.tar

	tar -tf "$layer" | grep -qx etc/.wh.group ||
		fail "$1: the whiteout of etc/group"
	lab_image "$dir/rootfs" "$layer" "firn/again:$1" "$dir/image" |
		docker_in "$dir" load >/dev/null ||
		fail "$1: docker doesn't load the layer"
	docker_in "$dir" create --name "$prefix-again" "firn/again:$1" \
		/bin/true >/dev/null
	mkdir "$dir/whole"
	mount -t overlay -o "ro,lowerdir=$2:$dir/rootfs" overlay "$dir/whole" ||
		fail "$1: mount its layers"
	docker_in "$dir" export "$prefix-again" | lab_list | docker_less \
		>"$dir/list.again"
	tar -C "$dir/whole" -c . | lab_list | docker_less >"$dir/list.whole"
	umount "$dir/whole" && rmdir "$dir/whole"
	diff "$dir/list.whole" "$dir/list.again" >"$dir/difference" ||
		fail "$1: the image has other files: $(head -20 "$dir/difference")"
	grep -q 'root/loot' "$dir/list.again" || fail "$1: no root/loot"
	docker_in "$dir" rm "$prefix-again" >/dev/null
}

# captured NAME UPPER -- capture it, and look at what came of it as a lab would.
captured() {
	local archive=$dir/$1.firn.tar.zst

	age "$2"
	traced capture --quiet -o "$archive" "$prefix-$1" >"$dir/out" 2>&1
	case $? in
	0 | 3) ;;
	*) fail "capture $1: $(cat "$dir/out")" ;;
	esac
	unchanged "$1"
	lab_unpack "$archive" "$dir/lab"
	"$firn" verify "$archive" >/dev/null || fail "firn verify $1"
	grep -q '"path":"root/loot"' "$dir/lab/data/filesystem/changes.jsonl" ||
		fail "$1: root/loot is not in changes.jsonl"
	check_layer "$1" "$2"
	"$firn" secrets "$archive" >"$dir/out"
	grep -q 'POOL' "$dir/out" || fail "$1: no checklist from the archive"
	grep -rq not-for-anyone "$dir/out" "$dir/lab/data/assess" &&
		fail "$1: a secret's value is shown"
	# A tracer would wait for a keeper.
	for step in freeze 'isolate --no-watch' release thaw; do
		# shellcheck disable=SC2086 # words
		traced $step --quiet "$prefix-$1" >"$dir/out" 2>&1
		case $?:$step in
		0:* | 3:isolate*) ;;
		*) fail "$step $1: $(cat "$dir/out")" ;;
		esac
	done
	check_writes "$prefix-$1"
}

# --- containers of each engine -------------------------------------------------

script='echo loot >/root/loot; ln -s loot /root/link; mkdir -p /srv/a/b
	touch -d 2020-02-02 /srv/a/b/file; rm /etc/group; exec sleep 1000'

start_runc() {
	mkdir -p "$dir/runc/rootfs" "$dir/runc/upper" "$dir/runc/work"
	mount -t overlay -o "lowerdir=$dir/rootfs,upperdir=$dir/runc/upper,workdir=$dir/runc/work" \
		overlay "$dir/runc/rootfs" || return 1
	(cd "$dir/runc" && runc spec &&
		jq --arg script "$script" '.process.terminal = false |
			.root.readonly = false |
			.process.env += ["POOL_PASSWORD=not-for-anyone"] |
			.process.args = ["sh", "-c", $script]' config.json \
			>config.new && mv config.new config.json &&
		runc run -d "$prefix-runc" </dev/null >"$dir/runc.log" 2>&1)
}

start() {
	make_rootfs "$dir/rootfs" &&
		engine_docker_start "$dir" overlay2 &&
		docker_image_import "$dir" "$dir/rootfs" firn/busybox &&
		ctr_image_import "$dir" "$dir/rootfs" local/busybox:1 &&
		podman_image_import "$dir" "$dir/rootfs" firnbusybox &&
		docker_in "$dir" run -d --name "$prefix-docker" --network none \
			-e POOL_PASSWORD=not-for-anyone firn/busybox \
			sh -c "$script" >/dev/null &&
		ctr_in "$dir" run -d --cpu-shares 0 --env POOL_PASSWORD=not-for-anyone \
			local/busybox:1 "$prefix-containerd" sh -c "$script" &&
		podman_run "$dir" --name "$prefix-podman" \
			-e POOL_PASSWORD=not-for-anyone firnbusybox \
			sh -c "$script" >/dev/null &&
		start_runc
}

start || {
	tail -n 3 "$dir"/*.log 2>/dev/null
	fail "the engines' containers don't start"
	exit 1
}
sleep 1
upper_of_docker=$(docker_in "$dir" inspect -f '{{.GraphDriver.Data.UpperDir}}' \
	"$prefix-docker")
upper_of_podman=$(podman_in "$dir" inspect -f '{{.GraphDriver.Data.UpperDir}}' \
	"$prefix-podman")
upper_of_containerd=$(ctr_in "$dir" snapshot mounts /nowhere \
	"$prefix-containerd" | grep -o 'upperdir=[^,]*' | cut -d= -f2)
captured docker "$upper_of_docker"
captured containerd "$upper_of_containerd"
captured podman "$upper_of_podman"
captured runc "$dir/runc/upper"

# The daemons hang; then they are dead.
for signal in STOP KILL; do
	engine_docker_signal "$dir" $signal
	engine_containerd_signal "$dir" $signal
	"$firn" capture --quiet -o "$dir/$signal.firn.tar.zst" \
		"$prefix-docker" >"$dir/out" 2>&1
	case $? in
	0 | 3) lab_unpack "$dir/$signal.firn.tar.zst" "$dir/lab" ;;
	*) fail "capture after $signal: $(cat "$dir/out")" ;;
	esac
done

[ $failed -eq 0 ] && echo "docker, containerd, podman, runc: captured, checked"
exit $failed
