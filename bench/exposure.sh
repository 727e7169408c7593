#!/bin/bash
# How long does the verdict on a node take, when many containers run there?
#
#	bench/exposure.sh [-n ROUNDS] [-c CONTAINERS] [-f FIRN]
#
# Starts CONTAINERS (100) with runc, and captures one of them in turns with all
# that the verdict needs and without the host's part.  Prints the milliseconds
# from the command to the sealed archive, the medians, and their difference; and
# how long `firn exposure` takes by itself, live and of the archive.  Needs root.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
rounds=7 containers=100 firn=$here/../build/firn
while getopts n:c:f: option; do
	case $option in
	n) rounds=$OPTARG ;;
	c) containers=$OPTARG ;;
	f) firn=$OPTARG ;;
	*) exit 2 ;;
	esac
done
[ -x "$firn" ] || {
	echo "no firn: build it with cmake --preset release" >&2
	exit 2
}
# shellcheck source=/dev/null
. "$here/../tests/engines.sh"

work=$(mktemp -d /var/tmp/firn-bench-XXXXXX)
name=firn-bench-$$

clean_up() {
	for ((i = 0; i < containers; i++)); do
		runc delete -f "$name-$i" 2>/dev/null || true
	done
	rm -rf "$work" "/run/firn/ledger/$name"*
}
trap clean_up EXIT

make_rootfs "$work/rootfs"
oci_bundle "$work/bundle" "$work/rootfs"
for ((i = 0; i < containers; i++)); do
	runc run -d --bundle "$work/bundle" "$name-$i" </dev/null >/dev/null 2>&1
done

milliseconds() { # COMMAND...
	local from
	from=$(date +%s%N)
	"$@" >/dev/null 2>&1 || true
	echo $((($(date +%s%N) - from) / 1000000))
}

median() {
	sort -n | awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] }'
}

for ((i = 0; i < rounds; i++)); do
	rm -f "$work"/*.zst
	milliseconds "$firn" capture -q -o "$work/with.zst" "$name-0" \
		>>"$work/with"
	milliseconds "$firn" capture -q -o "$work/without.zst" \
		--only network --only processes --only mounts \
		--only filesystem --only logs --only runtime "$name-0" \
		>>"$work/without"
	milliseconds "$firn" exposure "$name-0" >>"$work/live"
	milliseconds "$firn" exposure "$work/with.zst" >>"$work/archive"
done
with=$(median <"$work/with") without=$(median <"$work/without")
printf '%d containers, medians of %d rounds\n' "$containers" "$rounds"
printf 'capture with the host and the verdict  %5d ms\n' "$with"
printf 'capture without                        %5d ms\n' "$without"
printf 'the assessment                         %5d ms\n' $((with - without))
printf 'firn exposure, live                    %5d ms\n' "$(median <"$work/live")"
printf 'firn exposure, of the archive          %5d ms\n' \
	"$(median <"$work/archive")"
