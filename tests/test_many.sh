#!/bin/bash
# Twenty captures at the same time, of twenty containers: each archive is whole,
# and nothing is left frozen or cut.  Usage: test_many.sh FIRN
set -u
firn=$1
# shellcheck source=tests/engines.sh
. "$(dirname "$0")/engines.sh"
engine_need runc jq busybox
dir=$(mktemp -d /tmp/firn-many.XXXXXX)
name=firn-many-$$
n=20
failed=0
# shellcheck disable=SC2317 # the trap calls it
clean() {
	"$firn" thaw --all --case "$name" >/dev/null
	for i in $(seq $n); do
		runc delete -f "$name-$i" 2>/dev/null
		rm -f "/run/firn/ledger/$name-$i.jsonl"
	done
	rm -rf "$dir"
}
trap clean EXIT

fail() {
	echo "FAILED: $*"
	failed=1
}

# capture I -- what it says is in $dir/I.out, its exit status in $dir/I.status.
capture() {
	"$firn" capture --quiet --case "$name" --max-freeze 5m \
		-o "$dir/$1.firn.tar.zst" "$name-$1" >"$dir/$1.out" 2>&1
	echo $? >"$dir/$1.status"
}

make_rootfs "$dir/rootfs"
oci_bundle "$dir/bundle" "$dir/rootfs" || exit 1
for i in $(seq $n); do
	cp -a "$dir/bundle" "$dir/bundle-$i"
	runc run -d -b "$dir/bundle-$i" "$name-$i" </dev/null >/dev/null \
		2>"$dir/log" || {
		cat "$dir/log"
		exit 1
	}
done

for i in $(seq $n); do
	capture "$i" &
done
wait
for i in $(seq $n); do
	status=$(cat "$dir/$i.status")
	[ "$status" = 0 ] || [ "$status" = 3 ] ||
		fail "capture $i: status $status: $(cat "$dir/$i.out")"
	"$firn" verify "$dir/$i.firn.tar.zst" >"$dir/out" 2>&1 ||
		fail "verify $i: $(cat "$dir/out")"
done
"$firn" list --json >"$dir/list"
[ "$(jq --arg name "$name-" '[.containers[] | select((.id |
	startswith($name)) and .state == "running" and
	.contained == null)] | length' "$dir/list")" -eq $n ] ||
	fail "not all run as before: $(jq -c .containers "$dir/list")"

# All of a case, by one command, and nothing of another.
for i in 1 2 3; do
	"$firn" freeze --case "$name" "$name-$i" >/dev/null || fail "freeze $i"
done
"$firn" freeze --case "$name-other" "$name-4" >/dev/null || fail "freeze 4"
"$firn" thaw --all --case "$name" --json >"$dir/thawed" || fail "thaw --all"
[ "$(jq -r '[.targets[] | .id + " " + .state] | sort | join(", ")' \
	"$dir/thawed")" = "$name-1 running, $name-2 running, $name-3 running" ] ||
	fail "thaw --all says: $(cat "$dir/thawed")"
"$firn" list --json >"$dir/list"
[ "$(jq -r --arg name "$name-" '[.containers[] | select((.id |
	startswith($name)) and .state == "frozen") | .id] | join(" ")' \
	"$dir/list")" = "$name-4" ] || fail "--case of another case thawed it"
# Of a container that is gone, too.
"$firn" thaw "$name-4" >/dev/null || fail "thaw 4"
"$firn" isolate --case "$name" "$name-5" >/dev/null 2>&1
runc delete -f "$name-5"
[ "$("$firn" list --json | jq -r --arg id "$name-5" '.gone[] |
	select(.id == $id) | .contained.isolated.state')" = gone ] ||
	fail "list: a container that is gone"
"$firn" release --all --case "$name" --json >"$dir/released" ||
	fail "release --all"
[ "$(jq -r '[.targets[] | .id + " " + .state] | join(", ")' \
	"$dir/released")" = "$name-5 released" ] ||
	fail "release --all says: $(cat "$dir/released")"
[ -z "$("$firn" list --json | jq --arg name "$name-" '.gone[] |
	select(.id | startswith($name))')" ] || fail "something is left"
[ $failed -eq 0 ] && echo "$n captured at once"
exit $failed
