#!/bin/bash
# The checklist of a real container, from finding to done: what it says, that
# it can be ticked off, that a value is shown at a terminal only, and that none
# is anywhere else: in no output, no file, no core, and not in firn's memory.
# Usage: test_secrets.sh FIRN MEMORY_GREP
set -u
firn=$(readlink -f "$1") memory_grep=$(readlink -f "$2")
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=tests/engines.sh
. "$here/engines.sh"
engine_need runc jq busybox script zstd

name=firn-secrets-$$
case_id=firn-secrets-case-$$
cases=/var/lib/firn/cases
dir=$(mktemp -d /var/tmp/firn-secrets.XXXXXX)
failed=0
end() {
	exec 9<&-
	[ -n "${printing-}" ] && kill -9 "$printing" 2>/dev/null
	runc delete --force "$name" 2>/dev/null
	rm -rf "$dir" "${cases:?}/$case_id".*
}
trap end EXIT

fail() {
	echo "FAILED: $*"
	failed=1
}

ok() {
	echo "ok: $*"
}

# The values: none stands in this file, so that none is in any command line.
random() {
	head -c 64 /dev/urandom | base64 -w0 | tr -dc A-Za-z0-9 | head -c "$1"
}
{
	random 24 && echo                # a password in a URL
	printf 'glpat-%s\n' "$(random 20)" # the form of a token
	random 20 && echo                # by its name alone
	random 40 && echo                # the secret half of a key
	random 30 && echo                # mounted
	random 22 && echo                # on a command line
} >"$dir/values"
mapfile -t values <"$dir/values"

make_rootfs "$dir/rootfs" && mkdir -p "$dir/rootfs/root/.aws" \
	"$dir/rootfs/run/secrets" &&
	printf '[default]\naws_secret_access_key = %s\n' "${values[3]}" \
		>"$dir/rootfs/root/.aws/credentials" &&
	printf '%s\n' "${values[4]}" >"$dir/rootfs/run/secrets/db_password" &&
	oci_bundle "$dir/bundle" "$dir/rootfs" || exit 1
jq --rawfile lines "$dir/values" --arg name "$name" '
	($lines | split("\n")) as $v | .process.rlimits = [] |
	.linux.cgroupsPath = "/" + $name |
	.process.env += ["DATABASE_URL=postgres://app:\($v[0])@db.example/shop",
		"GITLAB_TOKEN=\($v[1])", "POOL|`x`_PASSWORD=\($v[2])"] |
	.process.args = ["sh", "-c", "while :; do sleep 1; done", "x",
		"--password=\($v[5])"]' "$dir/bundle/config.json" >"$dir/config" &&
	mv "$dir/config" "$dir/bundle/config.json"
runc run -d --bundle "$dir/bundle" "$name" </dev/null >"$dir/log" 2>&1 || {
	cat "$dir/log"
	echo "skipped: runc can't run here"
	exit 77
}

# says WORDS FILE
says() {
	grep -qF -- "$1" "$2" && ok "$2 says $1" || fail "$2 has no $1"
}

# exits STATUS ARGUMENT... -- firn, quietly.
exits() {
	local expected=$1 status

	shift
	"$firn" "$@" >"$dir/out" 2>"$dir/err"
	status=$?
	[ "$status" -eq "$expected" ] && ok "$expected: $*" ||
		fail "exit status $status, not $expected: $* $(cat "$dir/err")"
}

# --- the checklist ---
cd "$dir" || exit 1
"$firn" secrets --case "$case_id" "$name" >list.md 2>list.err
"$firn" secrets --case "$case_id" --format csv "$name" >list.csv
"$firn" secrets --case "$case_id" --format json "$name" >list.json
n=$(jq '.items | length' list.json)
[ "$n" -ge 6 ] && ok "$n secrets" || fail "only $n secrets: $(cat list.md)"
says "firn secrets --done $(jq -r '.items[0].id' list.json) --by WHO" list.md
says 'POOL\|\`x\`\_PASSWORD' list.md
says 'POOL|`x`_PASSWORD' list.csv
jq -e '[.items[].order | .rank, (.why | length > 0)] |
	length > 0 and all(.)' list.json >/dev/null &&
	ok "each says why it is where it is" || fail "an order without a why"
jq -e '[.items[].guide.rotate] | all(type == "string")' list.json >/dev/null &&
	ok "each has a guide" || fail "an item without a guide"
[ "$(wc -l <list.csv)" -eq $((n + 1)) ] && ok "as many rows" ||
	fail "$(wc -l <list.csv) rows for $n items"

# --- ticking ---
first=$(jq -r '.items[0].id' list.json)
second=$(jq -r '.items[1].id' list.json)
exits 1 secrets --status "$case_id"
exits 0 secrets --done "$first" --by alice --note 'ticket 7' "$case_id"
exits 4 secrets --done "$first" --by bob "$case_id"
exits 4 secrets --done S-zz --by bob "$case_id"
exits 2 secrets --done "$second" "$case_id"
exits 4 secrets --done "$second" --by bob no-such-case
exits 0 secrets --done "$second" --by bob --dry-run "$case_id"
"$firn" secrets --status --json "$case_id" >status.json
jq -e --arg first "$first" --argjson n "$n" '(.done | length) == 1 and
	.done[0].item == $first and .done[0].by == "alice" and
	.done[0].note == "ticket 7" and (.open | length) == $n - 1 and
	.custody.intact and .custody.lines == 1' status.json >/dev/null &&
	ok "one is done" || fail "$(cat status.json)"
"$firn" secrets --case "$case_id" "$name" >again.md
says "[x] done by alice" again.md
exits 0 secrets --undone "$first" --by alice "$case_id"
for id in $(jq -r '.items[].id' list.json); do
	"$firn" secrets --done "$id" --by team "$case_id" >/dev/null ||
		fail "--done $id"
done
exits 0 secrets --status "$case_id"
sha=$(sed -n 1p "$cases/$case_id.custody.jsonl" | tr -d '\n' | sha256sum)
[ "$(sed -n 2p "$cases/$case_id.custody.jsonl" | jq -r .prev)" = "${sha%% *}" ] &&
	ok "the record is a chain that sha256sum checks" || fail "no chain"

# --- from the archive alone, as a lab has it ---
timeout 120 "$firn" capture -q -o "$dir/a.firn.tar.zst" "$name" >capture.out 2>&1
archive_case=$(tar --zstd -xOf a.firn.tar.zst --wildcards '*/data/case.json' |
	jq -r .case)
trap 'rm -f "${cases:?}/${archive_case:?}".*; end' EXIT
tar --zstd -xOf a.firn.tar.zst --wildcards '*/data/assess/secrets.csv' \
	>archive.csv
says "DATABASE_URL" archive.csv
[ -e "$cases/$archive_case.secrets.json" ] && ok "capture keeps a copy" ||
	fail "capture keeps no copy"
rm -f "$cases/$archive_case".*
id=$("$firn" secrets --json a.firn.tar.zst | jq -r '.items[0].id')
exits 0 secrets --done "$id" --by lab "$dir/a.firn.tar.zst"
exits 1 secrets --status "$dir/a.firn.tar.zst"
says "by lab" out

# --- a value, at a terminal only ---
token=$(jq -r '.items[] | select(any(.places[]; .name == "GITLAB_TOKEN")) |
	.id' list.json)
exits 4 secrets --reveal "$token" --case "$case_id" "$name"
says "terminal" err
lines=$(wc -l <"$cases/$case_id.custody.jsonl")
script -qec "'$firn' secrets --reveal $token --case $case_id $name" /dev/null \
	<<<no >refused 2>&1
grep -qF "${values[1]}" refused && fail "shown although it wasn't asked for"
[ "$(wc -l <"$cases/$case_id.custody.jsonl")" -eq "$lines" ] ||
	fail "a refusal is in the record"
script -qec "'$firn' secrets --reveal $token --case $case_id --operator carol $name" \
	/dev/null <<<"$token" >revealed 2>&1
grep -qF "${values[1]}" revealed && ok "shown at a terminal" ||
	fail "not shown: $(cat revealed)"
[ "$(grep -cFf values revealed)" -eq 1 ] || fail "more than it was shown"
tail -1 "$cases/$case_id.custody.jsonl" | jq -e --arg id "$token" '
	.action == "secret revealed" and .who.said == "carol" and
	.details.item == $id' >/dev/null && ok "and the record says who looked" ||
	fail "$(tail -1 "$cases/$case_id.custody.jsonl")"
rm -f revealed

# --- nowhere else ---
grep -rlFf values --exclude=values --exclude-dir=bundle --exclude-dir=rootfs \
	--exclude=a.firn.tar.zst . && fail "a value stands in an output"
grep -lFf values "$cases/$case_id".* "$cases/$archive_case".* &&
	fail "a value stands in the case"
mkdir lab && tar --zstd -C lab -xf a.firn.tar.zst &&
	grep -rlFf values lab/*/data/assess lab/*/journal lab/*/*.txt &&
	fail "a value stands in the archive's checklist"
[ "$(grep -rlFf values lab/*/data/processes | wc -l)" -gt 0 ] ||
	fail "the evidence has no values: nothing is proved"

# printed ARGUMENT... -- firn, stopped by a full pipe when it prints: then all
# that it read has been given back.
printed() {
	mkfifo pipe && exec 9<>pipe
	dd if=/dev/zero of=pipe bs=4096 count=15 status=none
	"$firn" "$@" >pipe 2>/dev/null 9<&- &
	printing=$!
	engine_wait 60 grep -q '^1 0x1 ' "/proc/$printing/syscall" ||
		fail "$* doesn't print"
	"$memory_grep" "$printing" <values >found
	case $? in
	0) ok "$1 of ${*: -1}: no value in its memory" ;;
	*) fail "$* has in its memory: $(sed 's/^\(...\)[^ ]*/\1.../' found)" ;;
	esac
	kill -9 "$printing"
	wait "$printing" 2>/dev/null
	printing=
	exec 9<&-
	rm pipe
}
printed secrets --json --case "$case_id" "$name"
printed secrets --json "$dir/a.firn.tar.zst"
init=$(runc state "$name" | jq .pid)
"$memory_grep" "$init" <values >found
[ $? -eq 1 ] && ok "and where one is, it would be found" ||
	fail "memory_grep finds nothing where it is"

# cores COMMAND... -- does it leave a core when it is aborted, some time after
# it has begun?  firn has begun when it has said that it wants none: what the
# loader does before that has no values yet.
cores() {
	mkdir core && (
		cd core && ulimit -c unlimited
		"$@" >/dev/null 2>&1 &
		[ "$1" = sleep ] || engine_wait 20 grep -q \
			'^Max core file size  *0  *0 ' "/proc/$!/limits"
		sleep "0.0$((RANDOM % 9))$((RANDOM % 10))"
		kill -ABRT $! 2>/dev/null
		wait $!
	) 2>/dev/null
	found=$(find core -type f | wc -l)
	rm -rf core
	[ "$found" -gt 0 ]
}
if cores sleep 5; then
	for _ in 1 2 3 4 5 6 7 8 9 10 11 12; do
		cores "$firn" secrets --case "$case_id" "$name" &&
			fail "firn left a core"
	done
	ok "no core"
else
	echo "not seen: this machine keeps no cores in the folder"
fi
exit $failed
