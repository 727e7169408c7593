#!/bin/bash
# From the command to frozen and isolated: how long, by the ledger's word?
#
#	bench/isolate.sh [-n ROUNDS] [-p PROCESSES] [-l LINKS] [-c OTHERS]
#		[-f FIRN]...
#
# Makes a container with runc, with PROCESSES (20) and LINKS (1) veth pairs, in
# a network namespace of its own, /run/firn on a tmpfs, next to OTHERS (0)
# that only sleep.  Each of ROUNDS (20) captures it, isolated, and puts it back.
# Prints milliseconds from exec(2) to the moments at which firn had seen that its
# sockets were cut, that all was frozen, and that every interface was cut; and
# until what is volatile was safe.  With two FIRN, in turns.  Needs root.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
rounds=20 processes=20 links=1 others=0 firns=()
while getopts n:p:l:c:f: option; do
	case $option in
	n) rounds=$OPTARG ;;
	p) processes=$OPTARG ;;
	l) links=$OPTARG ;;
	c) others=$OPTARG ;;
	f) firns+=("$(readlink -f "$OPTARG")") ;;
	*) exit 2 ;;
	esac
done
for path in "$here/../build/firn" "$here/../build-gcc/firn" \
	"$here/../build-dev/firn"; do
	if [ ${#firns[@]} -eq 0 ] && [ -x "$path" ]; then firns=("$path"); fi
done
[ ${#firns[@]} -gt 0 ] || {
	echo "no firn: build it with cmake --preset release" >&2
	exit 2
}
[ "${FIRN_BENCH_INSIDE-}" = 1 ] ||
	FIRN_BENCH_INSIDE=1 exec unshare --mount --net bash "$0" -n "$rounds" \
		-p "$processes" -l "$links" -c "$others" "${firns[@]/#/-f}"

work=$(mktemp -d /var/tmp/firn-bench-XXXXXX)
own=firn-bench-$$ names=()
for ((i = 0; i < others; i++)); do # as engines call theirs
	names+=("$(printf '%032x%032x' $$ $i)")
done
mkdir -p /run/firn
mount -t tmpfs -o mode=0700 tmpfs /run/firn
export RUNC_ROOT=/run/runc

clean_up() {
	"${firns[0]}" release -q "$own" >/dev/null 2>&1 || true
	"${firns[0]}" thaw -q "$own" >/dev/null 2>&1 || true
	for name in "$own" "${names[@]}"; do
		runc --root "$RUNC_ROOT" delete -f "$name" 2>/dev/null || true
	done
	rm -rf "$work"
}
trap clean_up EXIT

make_bundle() {
	mkdir -p "$work/rootfs/bin" "$work/rootfs/proc" "$work/rootfs/dev" \
		"$work/rootfs/sys"
	cp "$(command -v busybox)" "$work/rootfs/bin/busybox"
	ln -s busybox "$work/rootfs/bin/sh"
	(cd "$work" && runc spec)
	jq --arg run "for i in \$(busybox seq $processes); do
		busybox sleep 100000 & done; wait" \
		'.process.terminal = false | .process.args = ["/bin/sh", "-c", $run]' \
		"$work/config.json" >"$work/config.new"
	mv "$work/config.new" "$work/config.json"
}

run_container() { # NAME
	runc --root "$RUNC_ROOT" run -d --bundle "$work" "$1" \
		</dev/null >"$work/container.log" 2>&1
}

give_links() {
	local pid i

	pid=$(runc --root "$RUNC_ROOT" state "$own" | jq .pid)
	for ((i = 0; i < links; i++)); do
		ip link add "bench$i" txqueuelen 0 type veth peer name "eth$i" netns "$pid"
		ip link set "bench$i" up
	done
}

# moments START_NS -- of the last capture, in milliseconds since.
moments() {
	jq -rs --arg start "$1" '
		def ms: capture("T(?<h>..):(?<m>..):(?<s>..)[.](?<ns>.*)Z") |
			((.h | tonumber) * 60 + (.m | tonumber)) * 60000 +
			(.s | tonumber) * 1000 + (.ns | tonumber) / 1e6;
		def first_by(of): [group_by(of)[] | map(.at) | min] | max;
		(map(select(.phase == "asked")) |
			map({key: "\(.change)", value: .details}) |
			from_entries) as $asked |
		map(. + {at: (.time | ms), of: $asked["\(.change)"]}) |
		map(select(.phase == "made" and .action == "freeze")) as $frozen |
		map(select(.phase == "confirmed")) |
		[(map(select(.of.method == "cgroup-bpf")) | map(.at) | min),
		 ($frozen | map(.at) | min),
		 (map(select(.of.ifindex != null)) | first_by(.of.ifindex))] |
		map(. - ($start | ms)) | join(" ")' "/run/firn/ledger/$own.jsonl"
}

run_firn() { # FIRN RESULTS
	local status=0 start volatile

	rm -f "$work"/case.firn* "/run/firn/ledger/$own.jsonl"
	start=$(date -u +%Y-%m-%dT%H:%M:%S.%NZ)
	"$1" capture -q --json --isolate --keep-frozen -k "$work/key" \
		-o "$work/case.firn.tar.zst" "$own" \
		>"$work/output" 2>"$work/errors" || status=$?
	if [ "$status" -ne 0 ] && [ "$status" -ne 3 ]; then
		cat "$work/errors" >&2
		exit 1
	fi
	volatile=$(jq .times.volatile_ms "$work/output")
	echo "$(moments "$start") $volatile" >>"$2"
	"$1" release -q "$own" >/dev/null
	"$1" thaw -q "$own" >/dev/null
}

column() { # FILE COLUMN -- its median and its most.
	awk -v c="$2" '{ print $c }' "$1" | sort -n | awk '{ v[NR] = $1 }
		END { printf "%8.1f (%.1f)", v[int((NR + 1) / 2)], v[NR] }'
}

make_bundle
run_container "$own"
for name in "${names[@]}"; do run_container "$name"; done
give_links
sleep 1 # until it has settled
"${firns[0]}" keygen "$work/key" >/dev/null
for ((round = 1; round <= rounds; round++)); do
	for ((k = 0; k < ${#firns[@]}; k++)); do
		# Who goes first is warmed up by nobody: take turns.
		turn=$(((k + round) % ${#firns[@]}))
		run_firn "${firns[turn]}" "$work/result-$turn"
	done
done
echo "milliseconds, median (most) of $rounds:"
echo "  sockets cut, frozen, interfaces cut, volatile safe"
for ((k = 0; k < ${#firns[@]}; k++)); do
	for c in 1 2 3 4; do column "$work/result-$k" $c; done
	echo "  ${firns[k]}"
done
