#!/bin/bash
# Folders depend one way: a file may include only its own folder's headers and
# those of the folders before it, and rooms within a folder likewise.  A public
# header belongs to the folder that holds the .c of its name.
set -u
cd "${1:?source folder}" || exit 1

order=(base host evidence target contain collect assess respond handoff receiver cmd)
declare -A rank=()
for i in "${!order[@]}"; do rank[${order[i]}]=$i; done

# contain and collect stand side by side: neither may use the other.
may_use() { # FOLDER OTHER
	[ "$1" = collect ] && [ "$2" = contain ] && return 1
	[ "${rank[$2]}" -le "${rank[$1]}" ]
}

folder_of_public() { # firn/NAME.h
	local name=${1#firn/}
	local found
	found=$(compgen -G "lib/*/${name%.h}.c" ||
		compgen -G "lib/*/*/${name%.h}.c")
	found=$(head -1 <<<"$found")
	found=${found#lib/}
	echo "${found%%/*}"
}

bad=0 seen=0
while IFS=: read -r file line text; do
	header=$(sed -n 's/^#include "\([^"]*\)".*/\1/p' <<<"$text")
	case $file in
	lib/*) from=${file#lib/} from=${from%%/*} ;;
	cmd/* | courier/*) from=cmd ;;
	receiver/*) from=receiver ;;
	include/firn/*) from=$(folder_of_public "firn/${file##*/}") ;;
	esac
	case $header in
	firn/*) to=$(folder_of_public "$header") ;;
	*/*) to=${header%%/*} ;;
	*) to=$from ;;
	esac
	# A station whose .c has not been written has no folder yet.
	{ [ -z "$from" ] || [ -z "$to" ]; } && continue
	seen=$((seen + 1))
	if [ -z "${rank[$to]:-}" ] || ! may_use "$from" "$to"; then
		echo "$file:$line: $from may not use $to ($header)"
		bad=1
	fi
done < <(grep -rn --include='*.[ch]' '^#include "' lib cmd courier receiver include)

# Rooms within a folder: CMakeLists.txt names them in the order in which they
# may use each other.  What stands in the folder itself may use them all.
rooms=0
while read -r folder names; do
	read -ra names <<<"$names"
	for i in "${!names[@]}"; do
		rooms=$((rooms + 1))
		for later in "${names[@]:i+1}"; do
			grep -n "^#include \"$folder/$later/" \
				"lib/$folder/${names[i]}"/*.[ch] && {
				echo "$folder/${names[i]} may not use $folder/$later"
				bad=1
			}
		done
	done
done < <(sed -n 's/^firn_rooms(\(.*\))$/\1/p' CMakeLists.txt)
[ "$rooms" -gt 5 ] || { echo "only $rooms rooms were found"; exit 1; }

[ "$seen" -gt 50 ] || { echo "only $seen includes were found"; exit 1; }
[ $bad = 0 ] && echo "$seen includes, all downwards; $rooms rooms in order"
exit $bad
