#!/bin/bash
# `firn listen`: its parts are kept running, read their files anew when told to,
# and end calmly; and the receiver as systemd starts it.
# Usage: test_listen.sh FIRN RECEIVER SOURCE BUILD
set -u
firn=$1 receiver=$2 source=$3 build=$4
[ "$(id -u)" -eq 0 ] || { echo "skipped: not root"; exit 77; }
dir=$(mktemp -d /var/tmp/firn-listen-XXXXXX)
chmod 0755 "$dir"
cd "$dir" || exit 1
failed=0
export ASAN_OPTIONS=detect_leaks=0

clean() {
	for job in $(jobs -p); do kill -9 "$job" 2>/dev/null; done
	wait 2>/dev/null
	umount -l full 2>/dev/null
	cd / && rm -rf "$dir"
}
trap clean EXIT

fail() {
	echo "FAIL: $*"
	failed=1
}

# within WHAT COMMAND... -- it comes true in a while.
within() {
	local what=$1

	shift
	for _ in $(seq 200); do
		"$@" >/dev/null 2>&1 && return
		sleep 0.1
	done
	fail "$what"
}

# policy TOKEN-FILE
policy() {
	cat >policy.yaml <<-EOF
		sources:
		  - {name: us, user: root, may: [look]}
		  - {name: them, bearer: {file: $dir/$1}, may: [look]}
		listen: {unix: $dir/alerts.sock}
	EOF
}

for name in old new; do
	openssl rand -hex 32 >$name
	chmod 0600 $name
done
policy old
alert='{"schema": "firn.alert/v1", "rule": "a test",
	"target": {"container_id": "0123456789ab"}}'

# Without input jq(1) alone says that all is well: hence its -s.
# ask ARGUMENT... -- of the unix socket.
ask() {
	curl -s -m 10 --unix-socket alerts.sock "$@"
}

accepted() {
	ask http://node/alerts -d "$alert" | jq -es '.[0].accepted'
}

# An alert that comes in is answered by the runner.
worked() {
	local id

	id=$(ask http://node/alerts -d "$alert" | jq -ers '.[0].id') || return
	for _ in $(seq 100); do
		ask "http://node/alerts/$id" |
			jq -es '.[0].alerts[0].reason == "unknown"' && return
		sleep 0.1
	done
	return 1
}

listen() {
	"$firn" listen --policy policy.yaml --inbox "$dir/inbox" "$@" \
		>out 2>&1 &
	pid=$!
}

part() { # NAME
	pgrep -P "$pid" -x "$1"
}

"$firn" listen --policy policy.yaml --dry-run --json |
	jq -e --arg path "$dir/alerts.sock" '.receives == [$path] and
	.sources == ["us", "them"] and (.playbooks | index("general"))' \
		>/dev/null || fail "--dry-run"
[ ! -e inbox ] || fail "--dry-run made an inbox"

python3 -c 'import socket
manager = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
manager.bind("notify.sock")
while True:
    print(manager.recv(99).decode(), flush=True)' >told &
within "a socket for what systemd is told" test -S notify.sock
NOTIFY_SOCKET=$dir/notify.sock listen
within "listening" accepted
within "READY=1" grep -q READY=1 told
within "WATCHDOG=1" grep -q WATCHDOG=1 told
worked >/dev/null || fail "an alert was not worked"

# Whatever ends a part, it comes back; nothing that was taken in is lost.
for name in firn-receiver firn-runner; do
	before=$(part $name)
	kill -9 "$before"
	for _ in $(seq 200); do
		now=$(part $name) && [ "$now" != "$before" ] && break
		sleep 0.1
	done
	[ "$now" != "$before" ] || fail "$name did not come back"
	within "after the end of $name" worked
done
grep -q 'signal 9' out || fail "no word about it: $(cat out)"

# Files are read anew, unless they are wrong.
token_is_good() {
	setpriv --reuid 65534 --clear-groups curl -s -m 10 \
		--unix-socket alerts.sock http://node/ -d "$alert" \
		-H "Authorization: Bearer $(cat "$1")" | jq -es '.[0].accepted'
}
within "the old token" token_is_good old
token_is_good new >/dev/null && fail "the new token was good too early"
policy new
kill -HUP "$pid"
within "the new token" token_is_good new
token_is_good old >/dev/null && fail "the old token was good for too long"
before=$(part firn-receiver)
echo 'sources: nonsense' >policy.yaml
kill -HUP "$pid"
within "a word about the policy" grep -q 'all stays as it was' out
[ "$(part firn-receiver)" = "$before" ] || fail "a broken policy was used"
within "after a broken policy" worked
policy new

# Its own end, the hard way and the calm one.
kill -9 "$pid"
wait "$pid" 2>/dev/null
listen
within "after its own end" worked
parts="$(part firn-receiver) $(part firn-runner)"
kill "$pid"
wait "$pid" || fail "it ended with $?"
for one in $parts; do
	within "the end of $one" test ! -e "/proc/$one"
done
listen --run-only
sleep 1
part firn-receiver && fail "--run-only has a receiver"
kill "$pid"
wait "$pid" || fail "--run-only ended with $?"

# What can't work is said, and isn't tried for ever.
echo 'sources: nonsense' >policy.yaml
"$firn" listen --policy policy.yaml --inbox "$dir/inbox" 2>said
[ $? -eq 5 ] || fail "a broken policy: $(cat said)"
echo 'sources: []' >policy.yaml
"$firn" listen --policy policy.yaml --inbox "$dir/inbox" --receive-only 2>said
[ $? -eq 5 ] || fail "nothing to listen on: $(cat said)"
"$firn" listen --receive-only --run-only 2>/dev/null
[ $? -eq 2 ] || fail "--receive-only --run-only"
policy new
grep -v '^firn:' /etc/passwd >passwd
# shellcheck disable=SC2016
unshare -m sh -c 'mount --bind passwd /etc/passwd &&
	exec "$0" --policy policy.yaml --inbox "$1"' "$receiver" "$dir/inbox" \
	2>said
[ $? -eq 5 ] || fail "it ran as root: $(cat said)"
grep -q 'useradd --system' said || fail "no word about the user: $(cat said)"

# As systemd starts it: with a socket that is passed, and no more privileges
# than its unit has.
caps=$(sed -n 's/^CapabilityBoundingSet=//p' \
	"$source/packaging/systemd/firn-receiver.service.in" |
	tr 'A-Z ' 'a-z,' | sed 's/cap_/+/g')
rm -f alerts.sock
systemd-socket-activate -l "$dir/alerts.sock" setpriv \
	--bounding-set "-all,$caps" --inh-caps -all \
	"$receiver" --policy policy.yaml --inbox "$dir/inbox" 2>log &
pid=$!
within "a passed socket" accepted
[ "$(grep -c 'takes alerts on' log)" = 1 ] || fail "$(cat log)"
kill "$pid"
wait "$pid" || fail "with a passed socket it ended with $?"

# A disk that is full: the sender is told to try again, and nothing is half there.
mkdir full
mount -t tmpfs -o size=256k full full
"$receiver" --policy policy.yaml --inbox "$dir/full/inbox" 2>log &
pid=$!
within "an inbox of its own" accepted
head -c 250000 /dev/zero >full/stuff 2>/dev/null
head -c 200000 /dev/zero | tr '\0' ' ' >long
[ "$(ask -o body -w '%{http_code}' http://node/ --data-binary @long)" = 503 ] ||
	fail "a full disk: $(cat body)"
[ "$(find full/inbox/new full/inbox/tmp -type f | wc -l)" = 1 ] ||
	fail "something was left on a full disk"
rm full/stuff
within "a disk that is no longer full" accepted
kill "$pid"
wait "$pid" || fail "after a full disk it ended with $?"
umount full

# The units are sound.
for unit in firn-receiver.service firn-runner.service; do
	sed "s,^ExecStart=[^ ]*,ExecStart=$firn," "$build/$unit" >$unit
	cp "$source/packaging/systemd/firn-receiver.socket" .
	systemd-analyze verify --man=no "./$unit" >said 2>&1 || fail "$unit"
	[ -s said ] && fail "$unit: $(cat said)"
done
systemd-sysusers --dry-run "$source/packaging/systemd/sysusers.conf" \
	>said 2>&1 || fail "sysusers: $(cat said)"
mkdir root
cp -r /etc root/etc 2>/dev/null
systemd-tmpfiles --root="$dir/root" --create \
	"$source/packaging/systemd/tmpfiles.conf" || fail "tmpfiles"
[ "$(stat -c '%a %U %G' root/var/spool/firn/alerts/new)" = "3770 root firn" ] ||
	fail "new/: $(stat -c '%a %U %G' root/var/spool/firn/alerts/new)"
exit $failed
