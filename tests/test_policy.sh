#!/bin/bash
# A policy is obeyed on every path of the command line, by a real container:
# what it denies isn't done and is in the audit log, as is what it allows.
#
#	test_policy.sh FIRN

firn=$1
# shellcheck source=/dev/null
. "$(dirname "$0")/engines.sh"
engine_need runc jq busybox unshare

# What firn keeps on this node is another's: folders of our own.
if [ "${FIRN_TEST_ALONE-}" != yes ]; then
	mkdir -p /etc/firn /var/lib/firn /run/firn
	FIRN_TEST_ALONE=yes exec unshare -m -- "$0" "$@"
fi
dir=$(mktemp -d /tmp/firn-policy.XXXXXX)
name=firn-policy-$$
failed=0

stop() {
	rm -f /etc/firn/policy.yaml
	"$firn" thaw -q "$name" >/dev/null 2>&1
	"$firn" release -q "$name" >/dev/null 2>&1
	runc delete -f "$name" 2>/dev/null
	runc delete -f "$name-b" 2>/dev/null
	rm -rf "$dir"
}
trap stop EXIT

for folder in /etc/firn /var/lib/firn /run/firn; do
	mount -t tmpfs -o mode=0700 tmpfs "$folder" || exit 1
done
cp /etc/passwd /etc/group "$dir"
cat >>"$dir/passwd" <<-EOF
	ada:x:4001:4001::/:/bin/sh
	bob:x:4002:4002::/:/bin/sh
	eve:x:4003:4003::/:/bin/sh
EOF
echo "oncall:x:4100:ada" >>"$dir/group"
mount --bind "$dir/passwd" /etc/passwd && mount --bind "$dir/group" /etc/group ||
	exit 1

ok() {
	echo "ok: $1"
}

fail() {
	echo "FAILED: $1: $(cat "$dir/out" "$dir/err" 2>/dev/null)"
	failed=1
}

# as WHO COMMAND... -- of a login of that user, by sudo: uid 0 all the same.
as() {
	as_uid=$(grep "^$1:" /etc/passwd | cut -d: -f3)
	shift
	# shellcheck disable=SC2016 # the inner shell's
	sh -c 'echo "$0" >/proc/self/loginuid && exec "$@"' "$as_uid" "$@"
}

# says STATUS WHO ARGUMENT... -- firn ends so.
says() {
	says_status=$1 says_who=$2
	shift 2
	as "$says_who" "$firn" "$@" >"$dir/out" 2>"$dir/err" </dev/null
	says_got=$?
	[ $says_got = "$says_status" ] && ok "$says_who: $*: $says_status" ||
		fail "$says_who: $*: $says_got, not $says_status"
}

# last FILTER -- of the audit log's last line.
last() {
	tail -n 1 /var/lib/firn/audit.jsonl 2>/dev/null | jq -r "$1"
}

# records TEXT WHO -- the last line is that action, of that person.
records() {
	[ "$(last '.action + " " + .who.name')" = "$1 $2" ] &&
		ok "it is recorded: $1 $2" ||
		fail "the last line is $(last .), not $1 $2"
}

lines() {
	wc -l </var/lib/firn/audit.jsonl 2>/dev/null || echo 0
}

state() {
	cat /sys/fs/cgroup{,/unified}/"$name"/cgroup.freeze \
		/sys/fs/cgroup/freezer/"$name"/freezer.state 2>/dev/null
	find /run/firn /sys/fs/bpf/firn 2>/dev/null
	ls "$dir/keep"
}

# untouched TEXT -- nothing of it is other than before.
untouched() {
	[ "$(state)" = "$before" ] && ok "$1: nothing was done" ||
		fail "$1: $before became $(state)"
}

policy() {
	cat >/etc/firn/policy.yaml
	chmod 0600 /etc/firn/policy.yaml
}

mkdir "$dir/keep" && make_rootfs "$dir/rootfs" &&
	oci_run "$dir/bundle" "$dir/rootfs" "$name" || {
	echo "skipped: runc can't run here"
	exit 77
}
as ada true || {
	echo "skipped: the kernel keeps no login uid here"
	exit 77
}

# --- without a policy ------------------------------------------------------
says 0 root freeze -q "$name"
records allowed root
says 0 root thaw -q "$name"
records allowed root
[ "$(last .details.undo)" = true ] && ok "as an undoing" || fail "undo"
n=$(lines)
says 0 eve list -q
[ "$(lines)" = "$n" ] && ok "who looks leaves no line" || fail "a line of list"
before=$(state)

# --- every command that acts or looks --------------------------------------
policy <<-EOF
	responders:
	  - {groups: [oncall], may: [look, capture, freeze, isolate]}
	  - {users: [bob], may: [look]}
	  - {users: [eve], may: [look, freeze, isolate, capture], targets: {name: other}}
EOF
chmod 0600 /etc/firn/policy.yaml
for who in bob eve; do
	for words in "freeze" "thaw" "thaw --force" "isolate" "release" \
		"capture -o $dir/keep/" "capture --isolate --keep-frozen -o $dir/keep/"; do
		n=$(lines)
		# shellcheck disable=SC2086 # words
		says 4 $who $words "$name"
		grep -q "not allowed (policy.yaml" "$dir/err" ||
			fail "no reason is given"
		records denied $who
		[ "$(lines)" -gt "$n" ] || fail "no line"
		# shellcheck disable=SC2086 # words
		says 4 $who $words --dry-run "$name"
		untouched "$who $words"
	done
done
says 4 eve secrets "$name"
records denied eve
says 4 eve exposure "$name"
records denied eve
says 0 eve list --json
jq -e --arg name "$name" '.hidden >= 1 and
	([.containers[].name] | index($name) == null)' "$dir/out" >/dev/null &&
	ok "what may not be looked at isn't listed" || fail "list"
says 0 bob list --json
jq -e --arg name "$name" '[.containers[].name] | index($name)' "$dir/out" \
	>/dev/null && ok "what may be looked at is" || fail "list"
as bob "$firn" exposure "$name" >"$dir/out" 2>"$dir/err"
[ $? != 4 ] && ok "bob may look" || fail "bob may look"
says 4 root list
records denied root
says 4 root cases
says 4 bob freeze --operator ada "$name"
grep -q '"error"' <(as bob "$firn" freeze --json "$name" 2>/dev/null) &&
	ok "as JSON too" || fail "no JSON"
untouched "all of that"

# --- who may ---------------------------------------------------------------
says 0 ada freeze --dry-run "$name"
grep -q "permission *to freeze: allowed (policy.yaml:2:" "$dir/out" &&
	ok "a dry run says the rule" || fail "dry run"
says 0 ada freeze "$name"
records allowed ada
says 4 bob thaw --all
grep -q refused "$dir/out" && ok "each is refused by itself" || fail "thaw --all"
says 4 bob release "$name"
says 0 ada thaw --all
before=$(state)
says 0 ada isolate -q --no-watch "$name"
[ "$(state)" != "$before" ] && ok "what is done is seen here" || fail "state"
says 0 ada release "$name"
as ada "$firn" capture -q --only processes -o "$dir/keep/" "$name" \
	>"$dir/out" 2>"$dir/err"
case $? in 0 | 3) ok "ada captures" ;; *) fail "ada can't capture" ;; esac
rm -f "$dir"/keep/*

# --- a pod, and one that is gone -------------------------------------------
policy <<-EOF
	responders:
	  - {users: [ada, bob], may: [isolate, freeze], targets: {name: "$name"}}
	  - {users: [eve], may: [isolate, freeze], targets: {name: "$name-b"}}
EOF
init=$(runc state "$name" | jq .pid)
oci_bundle "$dir/bundle-b" "$dir/rootfs"
jq --arg name "$name-b" --arg net "/proc/$init/ns/net" '.process.rlimits = [] |
	.linux.cgroupsPath = "/" + $name |
	(.linux.namespaces[] | select(.type == "network")).path = $net' \
	"$dir/bundle-b/config.json" >"$dir/config" &&
	mv "$dir/config" "$dir/bundle-b/config.json" &&
	runc run -d --bundle "$dir/bundle-b" "$name-b" >"$dir/log" 2>&1 ||
	fail "$(cat "$dir/log")"
before=$(state)
says 4 ada isolate -q --pod --no-watch "$name"
grep -q "shares its network with pid:" "$dir/err" ||
	fail "it doesn't say with whom"
[ "$(last .details.target.id)" = "$name-b" ] && ok "the record says of whom" ||
	fail "the record"
untouched "a pod of which one may cut a part"
says 0 ada isolate -q --no-watch "$name"
says 0 ada release -q "$name"
says 0 eve freeze -q "$name-b"
runc delete -f "$name-b"
says 4 ada thaw "$name-b"
policy <<-EOF
	responders:
	  - {users: [ada], may: [isolate, freeze], targets: {name: "$name"}}
	  - {users: [bob], may: [freeze], targets: {name: "$name-b"}}
EOF
says 0 bob thaw "$name-b"
[ "$(last .details.target.name)" = "$name-b" ] &&
	ok "one that is gone is known as it was" || fail "$(last .)"

# --- what one did, one may undo, also after a crash ------------------------
policy <<-EOF
	responders:
	  - {users: [ada, bob], may: [look, capture]}
EOF
says 4 ada capture --keep-frozen -o "$dir/keep/" "$name"
as ada sh -c '"$@" >/dev/null 2>&1 & sleep 0.1; i=0
	until grep -q 1 /sys/fs/cgroup/$0/cgroup.freeze \
		/sys/fs/cgroup/unified/$0/cgroup.freeze 2>/dev/null ||
		grep -q FROZEN /sys/fs/cgroup/freezer/$0/freezer.state 2>/dev/null ||
		[ $i -gt 500 ]; do sleep 0.01; i=$((i + 1)); done
	kill -9 $!' "$name" "$firn" capture -o "$dir/keep/" "$name"
"$firn" thaw --dry-run "$name" >/dev/null 2>&1
says 4 bob thaw "$name"
says 4 ada thaw --force "$name"
says 0 ada thaw "$name"
[ "$(last .details.rule)" = "what one did, one may undo" ] &&
	ok "what a killed capture left is undone by who captured" ||
	fail "$(last .)"
rm -f "$dir"/keep/*

# --- a second person -------------------------------------------------------
policy <<-EOF
	responders:
	  - {users: [ada, bob], may: [look, isolate, freeze, capture]}
	approval: [{may: [isolate], within: 10m}]
	never-touch: [{name: never}]
EOF
says 4 ada isolate --dry-run "$name"
[ ! -e /var/lib/firn/approvals ] && ok "a dry run asks nobody" || fail "dry run"
says 4 ada isolate "$name"
records "needs approval" ada
id=$(grep -o 'firn approve [0-9a-f]*' "$dir/err" | cut -d' ' -f3)
says 0 bob approve
grep -q "^  $id *open" "$dir/out" && ok "it is listed" || fail "approve"
says 4 ada approve "$id"
says 4 eve approve "$id"
says 0 bob approve --dry-run "$id"
says 4 ada isolate "$name"
# With one of two lacking, neither is done.
says 4 ada capture --isolate --keep-frozen -o "$dir/keep/" "$name"
says 0 bob approve --note "go on" "$id"
records approved bob
says 4 bob approve "$id"
says 4 bob isolate "$name"
says 0 ada isolate -q --no-watch "$name"
[ "$(last .details.approval)" = "$id" ] && ok "by that approval" || fail "approval"
says 4 ada release "$name"
id=$(grep -o 'firn approve [0-9a-f]*' "$dir/err" | cut -d' ' -f3)
says 0 bob approve --refuse "$id"
says 4 ada release "$name"
says 0 bob approve "$id"
says 0 ada release "$name"

before=$(state)
# --- the glass -------------------------------------------------------------
policy <<-EOF
	responders: [{users: [bob], may: [look]}]
	never-touch: [{name: "$name"}]
EOF
says 4 ada freeze "$name"
says 4 ada freeze --break-glass "it mines" "$name"
records denied ada
says 4 ada freeze --break-glass "it mines" --dry-run "$name"
untouched "never-touch"
says 0 ada freeze --break-glass "it mines" --force "$name"
records break-glass ada
[ "$(last .details.reason)" = "it mines" ] && ok "with the reason" || fail "reason"
says 0 ada thaw --break-glass "it was the backup" "$name"
policy <<-EOF
	responders: [{users: [bob], may: [look]}]
	break-glass: false
EOF
says 4 ada freeze --break-glass "it mines" --force "$name"
says 4 eve freeze --break-glass "" "$name"

# --- a policy that can't be read -------------------------------------------
printf 'responders:\n  - {usrs: [ada]}\n' | policy
before=$(state)
n=$(lines)
for words in freeze thaw isolate release secrets exposure \
	"capture -o $dir/keep/"; do
	# shellcheck disable=SC2086 # words
	says 4 ada $words "$name"
	grep -q "policy.yaml:2:6: .*--break-glass" "$dir/err" ||
		fail "it doesn't say where, or how to go on"
	records denied ada
done
says 4 ada list
untouched "a broken policy"
says 0 ada freeze -q --break-glass "the policy is broken" "$name"
records break-glass ada
says 0 ada thaw -q --break-glass "so it was" "$name"
printf 'responders: [{users: [ada], may: [freeze]}]\n' | policy
chmod 0666 /etc/firn/policy.yaml
says 4 ada freeze "$name"
chmod 0600 /etc/firn/policy.yaml

# --- a full disk -----------------------------------------------------------
says 0 ada freeze -q "$name"
mount -o remount,size=1m /var/lib/firn
# What was reserved is written full, too.
cat /dev/zero >/var/lib/firn/junk 2>/dev/null
before_full=$(lines)
for _ in $(seq 20); do "$firn" approve >/dev/null 2>&1; done
as ada "$firn" freeze -q "$name" >"$dir/out" 2>"$dir/err"
[ $? = 0 ] && [ "$(lines)" -gt "$before_full" ] &&
	ok "on a full disk the reserve has room for a line" || fail "reserve"
rm /var/lib/firn/junk
mv /var/lib/firn/audit.jsonl /var/lib/firn/audit.kept
ln -s /dev/full /var/lib/firn/audit.jsonl
says 5 ada freeze "$name"
grep -q "what can't be recorded isn't done" "$dir/err" || fail "it doesn't say"
says 3 ada thaw "$name"
grep -q "without a line in the audit log" "$dir/err" &&
	ok "a thaw is done all the same, and says so" || fail "thaw"
mv /var/lib/firn/audit.kept /var/lib/firn/audit.jsonl

# --- the log ---------------------------------------------------------------
says 0 ada verify --audit
grep -q "^intact" "$dir/out" && ok "the log is whole" || fail "verify"
says 0 ada verify /var/lib/firn/audit.jsonl
says 2 ada verify --audit /var/lib/firn/audit.jsonl
sed '5s/"denied"/"allowed"/' /var/lib/firn/audit.jsonl >"$dir/forged"
sed -n 5p /var/lib/firn/audit.jsonl | grep -q denied || fail "line 5"
says 1 ada verify "$dir/forged"
grep -q "broken.*line 6" "$dir/out" && ok "and a forged one isn't" || fail "forged"
sed -i '5s/"denied"/"allowed"/' /var/lib/firn/audit.jsonl
says 1 ada verify --audit
echo '{"some": "json"}' >"$dir/other"
says 1 ada verify "$dir/other"
exit $failed
