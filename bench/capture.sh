#!/bin/bash
# How long does `firn capture` take, next to the usual tools?
#
#	bench/capture.sh [-n ROUNDS] [-m MIB] [-p PROCESSES] [-f FIRN] [CONTAINER]
#
# Captures CONTAINER with firn and with bench/shell-baseline, in turns, and
# prints the seconds of each, their medians and the ratio.  Both freeze it, and
# let it go on; neither takes the memory of its processes.
#
# Without CONTAINER it makes one with runc: busybox on an overlay with MIB (256)
# of written files, half text and half random, and PROCESSES (20).  It is gone
# afterwards.  Needs root.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
rounds=5 mib=256 processes=20 firn='' own=''
while getopts n:m:p:f: option; do
	case $option in
	n) rounds=$OPTARG ;;
	m) mib=$OPTARG ;;
	p) processes=$OPTARG ;;
	f) firn=$OPTARG ;;
	*) exit 2 ;;
	esac
done
shift $((OPTIND - 1))
container=${1:-}
for path in "$here/../build/firn" "$here/../build-gcc/firn" \
	"$here/../build-dev/firn"; do
	[ -n "$firn" ] || { [ -x "$path" ] && firn=$path; } || true
done
[ -n "$firn" ] || {
	echo "no firn: build it with cmake --preset release" >&2
	exit 2
}

# On a disk: the layer of an overlay can't lie on another overlay.
work=$(mktemp -d /var/tmp/firn-bench-XXXXXX)
export RUNC_ROOT=${RUNC_ROOT:-/run/runc}

clean_up() {
	if [ -n "$own" ]; then
		runc --root "$RUNC_ROOT" delete -f "$own" || true
		umount "$work/bundle/rootfs" || true
	fi
	rm -rf "$work"
}
trap clean_up EXIT

# Files as a container writes them: half of them can be compressed.
write_files() {
	local folder=$1 i

	mkdir -p "$folder"
	for ((i = 0; i < mib / 2; i++)); do
		head -c 1048576 /dev/urandom >"$folder/random-$i"
		seq -f "%.0f GET /index.html 200 $i" 1000000 |
			head -c 1048576 >"$folder/text-$i"
	done
}

make_container() {
	local bundle=$work/bundle lower=$work/lower

	own=firn-bench-$$
	mkdir -p "$bundle/rootfs" "$lower/bin" "$lower/proc" "$lower/dev" \
		"$lower/sys" "$work/upper" "$work/work"
	cp "$(command -v busybox)" "$lower/bin/busybox"
	ln -s busybox "$lower/bin/sh"
	mount -t overlay -o "lowerdir=$lower,upperdir=$work/upper,workdir=$work/work" \
		overlay "$bundle/rootfs"
	write_files "$bundle/rootfs/srv"
	(cd "$bundle" && runc spec)
	jq --arg run "for i in \$(busybox seq $processes); do
		busybox sleep 100000 & done; wait" \
		'.process.terminal = false | .root.readonly = false |
		.process.args = ["/bin/sh", "-c", $run]' \
		"$bundle/config.json" >"$bundle/config.new"
	mv "$bundle/config.new" "$bundle/config.json"
	runc --root "$RUNC_ROOT" run -d --bundle "$bundle" "$own" \
		</dev/null >"$work/container.log" 2>&1
	container=$own
}

# seconds COMMAND... -- how long it takes, into $took; firn's status 3 says
# that there are gaps, which are told.
seconds() {
	local start=$EPOCHREALTIME status=0

	"$@" >"$work/output" 2>"$work/errors" || status=$?
	took=$(awk -v a="$start" -v b="$EPOCHREALTIME" \
		'BEGIN { printf "%.3f", b - a }')
	if [ "$status" -ne 0 ] && [ "$status" -ne 3 ]; then
		echo "$1 failed with $status:" >&2
		cat "$work/errors" >&2
		exit 1
	fi
}

run_firn() {
	rm -f "$work/case.firn.tar.zst"
	seconds "$firn" capture --json -k "$work/key" \
		-o "$work/case.firn.tar.zst" "$container"
	cp "$work/output" "$work/firn.json"
	echo "$took" >>"$work/firn"
}

run_shell() {
	rm -rf "$work/shell-baseline"
	seconds "$here/shell-baseline" "$container" "$work/shell-baseline"
	echo "$took" >>"$work/shell"
}

median() {
	sort -n "$1" | awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] }'
}

[ -n "$container" ] || make_container
"$firn" keygen "$work/key" >/dev/null
for ((round = 1; round <= rounds; round++)); do
	# Who goes first is warmed up by nobody: take turns.
	if ((round % 2)); then
		run_firn
		run_shell
	else
		run_shell
		run_firn
	fi
	printf 'round %d: firn %s s, shell %s s\n' "$round" \
		"$(tail -n 1 "$work/firn")" "$(tail -n 1 "$work/shell")"
done
jq -r '"firn: \(.members) members, \(.gaps) gaps, times \(.times)"' \
	"$work/firn.json"
printf 'archive: firn %d MiB, shell %d MiB\n' \
	$(($(stat -c %s "$work/case.firn.tar.zst") >> 20)) \
	$(($(stat -c %s "$work/shell-baseline/evidence.tar.zst") >> 20))
awk -v firn="$(median "$work/firn")" -v shell="$(median "$work/shell")" \
	'BEGIN { printf "median: firn %.3f s, shell %.3f s, ratio %.2f\n", \
		firn, shell, shell / firn }'
