#!/bin/bash
# How fast are secrets looked for, next to grep -P with the same patterns?
#
#	bench/matcher.sh [-m MIB] [-d FOLDER]
#
# Makes three texts of MIB (256) each in memory: text (this system's
# documentation and headers), binaries (its libraries) and what a process's
# memory is like (the two in turns with pages of zeros and of pointers), and
# runs bench_matcher, then grep, on each.  FOLDER (/dev/shm) must be in memory.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
mib=256 folder=/dev/shm
while getopts m:d: option; do
	case $option in
	m) mib=$OPTARG ;;
	d) folder=$OPTARG ;;
	*) exit 2 ;;
	esac
done
bench=''
for path in "$here/../build/bench_matcher" "$here/../build-gcc/bench_matcher"; do
	[ -n "$bench" ] || { [ -x "$path" ] && bench=$path; } || true
done
[ -n "$bench" ] || {
	echo "no bench_matcher: build it with cmake --preset release" >&2
	exit 2
}
work=$(mktemp -d "$folder/firn-bench-XXXXXX")
trap 'rm -rf "$work"' EXIT

# fill FILE < LIST -- the files of the list, over and over, up to MIB.
fill() {
	local file=$1 list
	list=$(cat)
	while [ "$(stat -c %s "$file" 2>/dev/null || echo 0)" -lt \
		$((mib << 20)) ]; do
		tr '\n' '\0' <<<"$list" | xargs -0 cat -- >>"$file"
	done
	truncate -s "${mib}M" "$file"
}

find /usr/share/doc /usr/include /usr/share/perl -type f ! -name '*.gz' \
	2>/dev/null | sort | fill "$work/text"
find /usr/lib -type f -name '*.so*' -size -20M | sort | fill "$work/binaries"
python3 - "$work" "$mib" <<'EOF'
import struct, sys
work, mib = sys.argv[1], int(sys.argv[2])
text, binaries = open(work + "/text", "rb"), open(work + "/binaries", "rb")
pointers = struct.pack("<512Q", *(0x7f3200000000 + i * 4096 for i in range(512)))
with open(work + "/memory", "wb") as out:
    for i in range(mib << 5):  # eight pages
        out.write(bytes(8192) + pointers * 2)
        out.write(binaries.read(8192) + text.read(8192))
EOF

"$bench" "$work/text" "$work/binaries" "$work/memory"

# The same patterns as one alternation, looked for in 16 MiB.
sed -n "s/^ *pattern: '\(.*\)'\$/\1/p" "$here"/../playbooks/secrets/*.yaml |
	sed "s/(?<secret>/(?:/g; s/''/'/g" | grep -v '\^' |
	paste -sd '|' >"$work/pattern"
for text in text binaries memory; do
	head -c 16M "$work/$text" >"$work/part"
	TIMEFORMAT=%U
	seconds=$({ time LC_ALL=C timeout 300 grep -caP -f "$work/pattern" \
		"$work/part" >/dev/null 2>"$work/why" || [ $? -eq 1 ] ||
		cat "$work/why" >/dev/tty; } 2>&1)
	awk -v s="$seconds" -v text="$text" \
		'BEGIN { printf "grep -P, %s: %.4f GB/s\n", text, 0.016777216 / s }'
done
