#!/bin/bash
# Alerts that are put into the inbox, and what the runner does about each: the
# cases that it opens, and the answers that it gives where it opens none.
# Usage: test_runner.sh FIRN RUNNER_HERE
set -u
# shellcheck source=tests/engines.sh
. "$(dirname "$0")/engines.sh"
# shellcheck source=tests/cases.sh
. "$(dirname "$0")/cases.sh"
engine_need docker dockerd containerd runc jq zstd busybox unshare setpriv
cases_alone "$0" "$@"

# shellcheck disable=SC2034 # cases.sh has it
firn=$1 runner_here=$2
dir=$(mktemp -d /tmp/firn-runner.XXXXXX)
trap cases_stop EXIT

cat >/etc/firn/policy.yaml <<-POLICY
	sources:
	  - {name: falco, user: root, may: [look, capture, freeze, isolate, kill]}
	  - {name: careful, user: daemon, may: [look, capture, freeze, isolate], dry-run: true}
	  - {name: mute, user: bin}
	never-touch: [{name: [postgres]}]
	approval:
	  - {may: [isolate], targets: {name: [asks, refuses, side]}, by: {users: [backup]}}
POLICY
playbook contain "Terminal shell*" "cooldown: 10m" <<-STEPS
	  - isolate: {cut: all}
	  - freeze: {}
	  - capture: [processes]
	  - then: keep-frozen
STEPS
playbook asks "Asks*" <<-STEPS
	  - freeze: {}
	  - wait: {text: "go on?", timeout: 2m}
	  - capture: [processes]
	  - then: thaw
STEPS
mkdir -m 1777 "$dir/runs"
playbook runs "Runs*" <<-STEPS
	  - run: {argv: [/usr/bin/mktemp, -p, $dir/runs], timeout: 10s}
STEPS
playbook pod "Whole pod*" <<-STEPS
	  - isolate: {cut: all, pod: true}
	  - capture: [processes]
	  - then: thaw
STEPS
playbook slow "Slow*" <<-STEPS
	  - freeze: {}
	  - run: {argv: [/usr/bin/sleep, "60"], timeout: 10s}
	  - then: thaw
STEPS

cases_start || exit 1
runner_start || { cat "$dir/errors"; exit 1; }

is_open() {
	"$firn" cases --json | jq -e --arg id "$1" '.cases[] |
		select(.target.id == $id and .state == "working")' >/dev/null
}

approval_of_case() {
	"$firn" cases --json "$case" | jq -r .approval
}

n_cases_of() {
	"$firn" cases --json | jq --arg id "$1" \
		'[.cases[] | select(.target.id == $id)] | length'
}

# --- an alert is acted upon ---------------------------------------------------
container web-1 || exit 1
web_1=$id
alert "Terminal shell in container" "$web_1"
passes "an alert opens a case" answered '.case and .playbook == "contain"'
passes "which is done" case_is "done"
passes "by the source that sent it" case_has \
	'.who == {"kind": "source", "name": "falco"} or .who.name == "falco"'
passes "with the alert in it" case_has '.alert.rule == "Terminal shell in container"'
passes "its container is frozen" test "$(state_of web-1)" = frozen
passes "its container is cut off" is_isolated web-1
archive=$("$firn" cases --json "$case" | jq -r .archive)
"$firn" verify "$archive" >"$dir/out" && ok "its archive is whole" ||
	fail "its archive: $(cat "$dir/out")"
passes "each permission is in the audit log" audited \
	'.action == "allowed" and .details.role == "isolate" and .who.name == "falco"'
alert "Terminal shell once more" "$web_1"
passes "the same again is too soon" answered '.reason == "cooldown"'
passes "and opens no case" test "$(n_cases_of "$web_1")" = 1

# --- one case at a time -------------------------------------------------------
container web-2
web_2=$id
alert "Slow one" "$web_2"
engine_wait 30 is_open "$web_2" || fail "the slow case isn't at work"
slow=$letter
alert "Terminal shell in container" "$web_2"
passes "an alert about a container that is worked on is folded" \
	answered '.folded'
alert "Slow one" "$web_2"
passes "and so is the next" answered '.folded'
container web-3
alert "Terminal shell in container" "$id"
passes "another container is dealt with meanwhile" case_is "done"
letter=$slow
passes "a step that takes too long fails" case_is failed
passes "the folded ones are counted" case_has '.alerts == 3'
passes "there was one case for them" test "$(n_cases_of "$web_2")" = 1
passes "what the playbook froze is thawed" test "$(state_of web-2)" = running

# --- those that lead nowhere --------------------------------------------------
alert "Terminal shell" 0123456789ab0123456789ab0123456789ab0123456789ab0123456789abcdef
passes "an unknown container is answered so" answered '.reason == "unknown"'
alert "Terminal shell" "" '"host":"another-node.example.org"'
passes "another host is answered so" answered '.reason | IN("another host", "no container named")'
alert "Terminal shell" "$web_2" '"host":"another-node.example.org"'
passes "also with a container's id of this node" answered '.reason == "another host"'
alert "Terminal shell" "$web_2" '"state":"resolved"'
passes "a resolved alert doesn't act" answered '.reason == "resolved"'
alert "Terminal shell" host
passes "an alert about the host doesn't act" answered '.reason'
alert "Not in any playbook's list" "$web_2" '"severity_is":"x"'
passes "what only general fits is captured" case_is "done"
passes "by general" case_has '.playbook == "general"'
passes "and goes on running" test "$(state_of web-2)" = running

echo 'not json at all' | "$firn" alert --json >"$dir/put"
letter=$(jq -r '.letters[0]' "$dir/put")
engine_wait 20 is_answered "$letter"
passes "what can't be read is kept, and answered so" \
	jq -e '.accepted == false and .reason == "not readable"' \
	"/var/spool/firn/alerts/done/$letter.answer.json"

# --- who may --------------------------------------------------------------
# Letters by hand: what one claims to be doesn't matter, but who wrote it.
chmod 711 /var/spool/firn /var/spool/firn/alerts
chmod 1777 /var/spool/firn/alerts/new /var/spool/firn/alerts/tmp
by_hand() { # USER-ID NAME SOURCE [RULE]
	printf '{"way":"https","source":"%s"}\n{"schema":"firn.alert/v1","rule":"%s","target":{"container_id":"%s"}}' \
		"$3" "${4-Terminal shell}" "$web_2" >"$dir/letter"
	chmod 644 "$dir/letter"
	chmod 755 "$dir"
	setpriv --reuid "$1" --regid "$1" --clear-groups sh -c \
		'umask 077; cd /var/spool/firn/alerts; cp "$1" "tmp/$2"
		mv "tmp/$2" "new/$2"' sh "$dir/letter" "$2"
	letter=$2
	engine_wait 20 is_answered "$letter" || ls -lR /var/spool/firn
}
now=$(date +%s)
by_hand 65534 "$now.000000001-1-1" falco
passes "a letter that somebody wrote by hand is nobody's" \
	jq -e '.accepted == false and .reason == "unknown source"' \
	"/var/spool/firn/alerts/done/$letter.answer.json"
passes "which the audit log tells" audited \
	'.action == "alert refused" and .details.uid == 65534'
passes "nothing was done about it" test "$(state_of web-2)" = running
by_hand 1 "$now.000000002-1-2" falco
passes "one of a source's user is of that source, whatever it claims" \
	case_is "dry run"
passes "and by its rules it is only recorded" case_has '.who.name == "careful"'
passes "so nothing was done" test "$(state_of web-2)" = running
by_hand 1 "$now.000000003-1-2" careful "Runs something"
passes "what only runs something is only recorded, too" case_is "dry run"
by_hand 2 "$now.000000005-1-2" mute "Runs something"
passes "whose alerts may do nothing starts nothing" case_is refused
passes "nothing was run" test -z "$(ls "$dir/runs")"
by_hand 1 "$now.000000004-1-2" falco
passes "its next one is too soon" answered '.reason == "cooldown"'
alert "Terminal shell in container" "$web_2"
passes "which keeps no other source from acting" case_is "done"

container postgres
alert "Terminal shell in container" "$id"
passes "what is never touched is refused" case_is refused
passes "with the rule as the reason" case_has '.why | test("never")'
passes "and runs on" test "$(state_of postgres)" = running
passes "the refusal is in the audit log" audited \
	'.action == "denied" and .who.name == "falco"'

# What is no letter at all is put away, not followed and not waited for.
junk=$now.000000003-1
: >"/var/spool/firn/alerts/new/$junk-1"
mkdir "/var/spool/firn/alerts/new/$junk-2"
ln -s /etc/passwd "/var/spool/firn/alerts/new/$junk-3"
mkfifo "/var/spool/firn/alerts/new/$junk-4"
junk_answers() {
	[ "$(grep -l '"not a letter"' /var/spool/firn/alerts/done/*.answer.json |
		wc -l)" = 4 ]
}
passes "what is no letter is put away, and answered so" \
	engine_wait 20 junk_answers

# --- a second person ----------------------------------------------------------
approve() {
	SUDO_USER=backup SUDO_UID=$(id -u backup) "$firn" approve "$@"
}
container asks
alert "Terminal shell in container" "$id"
passes "a case waits for a second person" case_is waiting
passes "frozen meanwhile" test "$(state_of asks)" = frozen
passes "captured already" case_has '.archive'
is_isolated asks && fail "it is cut before anybody agreed" ||
	ok "not cut yet"
approve "$(approval_of_case)" >"$dir/out" 2>&1 || cat "$dir/out"
passes "once approved of, it goes on" case_is "done"
passes "and is cut off" is_isolated asks
passes "who agreed is in the case" case_has \
	'.events[] | select(.event == "approved") | .by'
container refuses
alert "Terminal shell in container" "$id"
passes "another waits" case_is waiting
approve --refuse "$(approval_of_case)" >"$dir/out" 2>&1 || cat "$dir/out"
passes "refused, it ends as failed" case_is failed
passes "with who refused as the reason" case_has \
	'.results[] | select(.kind == "isolate") | .why | test("refused")'
is_isolated refuses && fail "it was cut all the same" || ok "and it isn't cut"
container main
docker_in "$dir" run -d --name side --network container:main \
	firn/busybox sleep 1000 >/dev/null
alert "Whole pod" "$id"
passes "a cut of the whole pod waits for the yes to each part of it" \
	case_is waiting
passes "what doesn't cut is done" case_has '.archive'
is_isolated main && fail "it is cut before that" || ok "nothing is cut yet"
approve "$("$firn" approve --json | jq -r '.requests[] |
	select(.state == "open" and .target.name == "side") | .id')" \
	>"$dir/out" 2>&1 || cat "$dir/out"
approve "$(approval_of_case)" >"$dir/out" 2>&1 || cat "$dir/out"
passes "approved of, it goes on" case_is "done"
passes "and is cut off" is_isolated main
passes "the yes to the other part was used up for it" audited \
	'.action == "allowed" and .details.role == "isolate" and
	.details.target.name == "side" and .details.approval'

container waits
alert "Asks for it" "$id"
passes "a step that waits, waits" case_is waiting
runner_stop
passes "the runner ends when it is told to" test "$?" = 0
approve "$(approval_of_case)" >"$dir/out" 2>&1 || cat "$dir/out"
runner_start
passes "the next runner goes on with it" case_is "done"
passes "and the capture was made then" case_has '.archive'
passes "and it is thawed at the end" test "$(state_of waits)" = running

passes "no letter is left unanswered" test -z \
	"$(find /var/spool/firn/alerts/cur /var/spool/firn/alerts/new -type f)"
jq -e 'select(.event == "trouble")' "$dir/told" && fail "there was trouble"
passes "the runner ends calmly" runner_stop
exit $failed
