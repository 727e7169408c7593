#!/bin/bash
# What has left a container's cgroup stands still after firn freeze, and after
# firn thaw it runs in the very cgroup that it was in.
#
#	test_escape.sh FIRN ESCAPEE [v2 | v1]
#
# Real containers with CAP_SYS_ADMIN and the host's cgroups in them, writable:
# each of the ways out.  With "v2" or "v1" in a mount namespace of its own that
# has only that; else on what the machine has.

firn=$1 escapee=$2 kind=${3:-host}
here=$(cd "$(dirname "$0")/.." && pwd)
# shellcheck source=/dev/null
. "$here/engines.sh"
engine_need runc jq busybox nsenter unshare

case $kind in
v2)
	exec unshare -m bash -c 'umount -R -l /sys/fs/cgroup
		mount -t cgroup2 cgroup2 /sys/fs/cgroup || exit 77
		exec "$@"' bash "$0" "$1" "$2" v2-inside
	;;
v1)
	exec unshare -m bash -c '
		[ -d /sys/fs/cgroup/freezer/tasks ] && exit 77
		umount /sys/fs/cgroup/unified 2>/dev/null
		[ -e /sys/fs/cgroup/freezer/tasks ] || exit 77
		exec "$@"' bash "$0" "$1" "$2" v1-inside
	;;
esac

v2=''
v1=''
case $kind in
v2-inside) v2=/sys/fs/cgroup ;;
v1-inside) v1=/sys/fs/cgroup/freezer ;;
*)
	[ -e /sys/fs/cgroup/cgroup.procs ] && v2=/sys/fs/cgroup
	[ -e /sys/fs/cgroup/unified/cgroup.procs ] &&
		v2=/sys/fs/cgroup/unified
	[ -e /sys/fs/cgroup/freezer/tasks ] && v1=/sys/fs/cgroup/freezer
	;;
esac
[ -n "$v1$v2" ] || { echo "skipped: there is no freezer"; exit 77; }

dir=$(mktemp -d /tmp/firn-escape.XXXXXX)
name=firn-escape-$$
failed=0
outsiders=()

stop() {
	"$firn" thaw -q "$name" >/dev/null 2>&1
	runc delete -f "$name" 2>/dev/null
	for pid in "${outsiders[@]}"; do
		kill -9 "$pid"
		wait "$pid"
	done 2>/dev/null
	for group in $v2 $v1; do
		for made in "$group/firn-away-$$" "$group/$name"; do
			engine_wait 2 rmdir "$made"
			[ -d "$made" ] && echo "left behind: $made"
		done
	done
	rm -rf "$dir"
	rm -f "/run/firn/ledger/$name.jsonl"
}
trap stop EXIT

ok() {
	echo "ok: $1"
}

fail() {
	echo "FAILED: $1"
	failed=1
}

# check WHAT COMMAND...
check() {
	check_what=$1
	shift
	if "$@"; then ok "$check_what"; else fail "$check_what"; fi
}

# Does its counter change, within two seconds?
beats() {
	beats_old=$(cat "$dir/beats/$1" 2>/dev/null)
	for _ in $(seq 100); do
		sleep 0.02
		[ "$(cat "$dir/beats/$1" 2>/dev/null)" != "$beats_old" ] &&
			return
	done
	return 1
}

stands() {
	stands_old=$(cat "$dir/beats/$1")
	sleep 0.3
	[ "$(cat "$dir/beats/$1")" = "$stands_old" ]
}

# The process of a name, by its arguments: that of the container's pid
# namespace, deepest first.
pid_of() {
	for pid_proc in /proc/[0-9]*; do
		grep -qzx "/beats/$1" "$pid_proc/cmdline" 2>/dev/null || continue
		case $(tr "\0" " " <"$pid_proc/cmdline") in
		nsenter*) continue ;;
		esac
		echo "$(grep NSpid "$pid_proc/status" | wc -w) ${pid_proc#/proc/}"
	done | sort -rn | head -n 1 | cut -d' ' -f2
}

# Where each of its threads is.
places() {
	for places_thread in /proc/"$1"/task/*; do
		echo "${places_thread##*/}"
		cat "$places_thread/cgroup"
	done
}

# What the result says of a process.
said() {
	jq -r --argjson pid "$1" ".freeze.$2[] | select(.pid == \$pid) | $3" \
		"$dir/freeze.json"
}

no_quarantine() {
	! ls -d {$v2,$v1}/firn-quarantine-"$name"* >/dev/null 2>&1
}

bundle() {
	mkdir -p "$dir/beats" && make_rootfs "$dir/rootfs" &&
		cp "$escapee" "$dir/rootfs/bin/escapee" &&
		oci_bundle "$dir/bundle" "$dir/rootfs" || return 1
	cat >"$dir/bundle/rootfs/bin/start" <<-EOF
		#!/bin/sh
		e=/bin/escapee v2=$1 v1=$2
		mkdir -p \${v2:+\$v2/firn-away-$$} \${v1:+\$v1/firn-away-$$}
		\$e /beats/inside &
		[ -z "\$v2" ] || \$e /beats/out-of-v2 \$v2/cgroup.procs &
		[ -z "\$v1" ] || \$e /beats/out-of-v1 \$v1/cgroup.procs &
		\$e /beats/out-of-all \${v2:+\$v2/cgroup.procs} \\
			\${v1:+\$v1/cgroup.procs} &
		\$e /beats/made-its-own \\
			\${v2:+\$v2/firn-away-$$/cgroup.procs} \\
			\${v1:+\$v1/firn-away-$$/cgroup.procs} &
		[ -z "\$v1" ] || \$e /beats/thread @\$v1/tasks &
		[ -z "\$v1" ] || \$e /beats/thread-of-none \\
			\${v2:+\$v2/cgroup.procs} @\$v1/tasks &
		\$e /beats/nested nested \${v2:+\$v2/cgroup.procs} \\
			\${v1:+\$v1/cgroup.procs} &
		exec sleep 1000
	EOF
	chmod 755 "$dir/bundle/rootfs/bin/start"
	jq --arg beats "$dir/beats" --arg name "$name" '
		.process.args = ["/bin/start"] |
		.root.readonly = false |
		.linux.cgroupsPath = "/" + $name |
		.linux.maskedPaths = [] | .linux.readonlyPaths = [] |
		.linux.namespaces |= map(select(.type != "cgroup")) |
		(.process.capabilities |
			to_entries | map(.value += ["CAP_SYS_ADMIN",
				"CAP_DAC_OVERRIDE"]) | from_entries) as $caps |
		.process.capabilities = $caps |
		.process.rlimits = [] |
		.mounts |= map(select(.destination != "/sys/fs/cgroup")) |
		.mounts += [
			{destination: "/beats", type: "bind", source: $beats,
			 options: ["bind", "rw"]},
			{destination: "/cg", type: "bind",
			 source: "/sys/fs/cgroup", options: ["rbind", "rw"]}]
		' "$dir/bundle/config.json" >"$dir/config" &&
		mv "$dir/config" "$dir/bundle/config.json"
}

inner() {
	[ -z "$1" ] || echo "/cg${1#/sys/fs/cgroup}"
}

if ! bundle "$(inner "$v2")" "$(inner "$v1")" ||
	! runc run -d --bundle "$dir/bundle" "$name" >"$dir/log" 2>&1; then
	cat "$dir/log"
	echo "skipped: runc can't run here"
	exit 77
fi
init=$(runc state "$name" | jq .pid)

# One that comes from the host, with the container's program; and the tool that
# brings it, which shares all but the pid namespace.
nsenter -t "$init" -m -p -n /bin/escapee /beats/entered &
outsiders+=($!)
tool=$!
# And a program of the host's.
nsenter -t "$init" -p -n "$escapee" "$dir/beats/hosts-own" &
outsiders+=($!)

classes="out-of-all made-its-own nested entered"
[ -z "$v2" ] || classes="$classes out-of-v2"
[ -z "$v1" ] || classes="$classes out-of-v1 thread thread-of-none"
declare -A pids before
for class in $classes inside; do
	check "$class: it runs" beats "$class"
	pids[$class]=$(pid_of "$class")
	before[$class]=$(places "${pids[$class]}")
done
check "a program of the host's runs" beats hosts-own
hosts_own=$(pgrep -P "${outsiders[1]}")

"$firn" freeze --json "$name" >"$dir/freeze.json" 2>"$dir/freeze.err"
status=$?
[ $status = 0 ] && ok "the freeze is complete" ||
	fail "the freeze: $status, $(cat "$dir/freeze.err" "$dir/freeze.json")"
for class in $classes; do
	pid=${pids[$class]}
	check "$class: it stands still" stands "$class"
	[ "$(said "$pid" escaped .stopped)" = true ] &&
		ok "$class: it is named, as stopped" ||
		fail "$class ($pid): $(jq -c .freeze.escaped "$dir/freeze.json")"
done
check "the container itself stands still" stands inside
check "a program of the host's is not frozen" beats hosts-own
for pid in "$tool" "$hosts_own"; do
	[ -n "$(said "$pid" joined .pid)" ] &&
		ok "the host's tool $(cat "/proc/$pid/comm") has joined" ||
		fail "pid $pid: $(jq -c .freeze.joined "$dir/freeze.json")"
	[ "$(cat "/proc/$pid/cgroup")" = "$(cat /proc/$$/cgroup)" ] ||
		fail "pid $pid was moved"
done
# Who is held by one freezer isn't touched.
if [ -n "$v2" ] && [ -n "$v1" ]; then
	for class in out-of-v2 out-of-v1 thread; do
		[ "$(places "${pids[$class]}")" = "${before[$class]}" ] &&
			ok "$class: it wasn't moved" ||
			fail "$class: it was moved"
	done
	[ "$(said "${pids[out-of-v2]}" escaped .held_by)" = v1 ] &&
		[ "$(said "${pids[out-of-v1]}" escaped .held_by)" = v2 ] &&
		ok "each is said to be held by the other freezer" ||
		fail "held by: $(jq -c .freeze.escaped "$dir/freeze.json")"
fi
[ "$(said "${pids[nested]}" escaped .held_by)" = quarantine ] &&
	ok "what was out of all is in quarantine" ||
	fail "nested: $(jq -c .freeze.escaped "$dir/freeze.json")"

# Again: nothing changes.
"$firn" freeze --json "$name" >"$dir/again.json" 2>&1
[ "$(jq -c '[.freeze.already, .freeze.state]' "$dir/again.json")" = \
	'["firn","frozen"]' ] && ok "a second freeze finds all as it is" ||
	fail "second freeze: $(cat "$dir/again.json")"

"$firn" thaw --json "$name" >"$dir/thaw.json" 2>&1 ||
	fail "thaw: $(cat "$dir/thaw.json")"
for class in $classes inside; do
	check "$class: it goes on" beats "$class"
	[ "$(places "${pids[$class]}")" = "${before[$class]}" ] &&
		ok "$class: it is in the very cgroup as before" ||
		fail "$class: $(places "${pids[$class]}" | tr '\n' ' '), not $(
			tr '\n' ' ' <<<"${before[$class]}")"
done
check "no quarantine is left" no_quarantine

# Left alone, when asked.
"$firn" freeze --json --leave-escaped "$name" >"$dir/freeze.json" 2>&1
[ $? = 3 ] && ok "left alone, the freeze is partial" ||
	fail "--leave-escaped: $(cat "$dir/freeze.json")"
check "left alone, it runs on" beats out-of-all
[ "$(said "${pids[out-of-all]}" escaped .stopped)" = false ] &&
	ok "left alone, it is said to run" || fail "$(cat "$dir/freeze.json")"
"$firn" thaw -q "$name" >/dev/null

# The container is killed while they are held: the ledger alone is left.  What
# v1 holds can't die, so that the container's end waits for the thaw.
"$firn" freeze -q "$name" >/dev/null
runc delete -f "$name" >/dev/null 2>&1
[ -z "$v2" ] || engine_wait 5 test ! -d "/proc/$init"
"$firn" thaw "$name" >"$dir/gone" 2>&1 && no_quarantine &&
	ok "when the container is gone, its quarantine goes by the ledger" ||
	fail "after the container's end: $(cat "$dir/gone")"
engine_wait 5 test ! -d "/proc/$init" || fail "it doesn't end"
exit $failed
