#!/bin/bash
# A playbook that a person carries out, on a real container: what is done, in
# which order, what is refused, and what is left.
# Usage: test_respond.sh FIRN RUNNER_HERE
set -u
# shellcheck source=tests/engines.sh
. "$(dirname "$0")/engines.sh"
# shellcheck source=tests/cases.sh
. "$(dirname "$0")/cases.sh"
engine_need docker dockerd containerd runc jq zstd busybox unshare
cases_alone "$0" "$@"

# shellcheck disable=SC2034 # cases.sh has it
firn=$1 runner_here=$2
dir=$(mktemp -d /tmp/firn-respond.XXXXXX)
trap cases_stop EXIT
cases_start || exit 1

# respond NAME PLAYBOOK [OPTION]... -- the result is in $dir/result.
respond() {
	timeout 200 "$firn" respond --json -p "$2" "${@:3}" "$1" \
		>"$dir/result" 2>"$dir/errors"
	status=$?
}

# says FILTER -- of the result.
says() {
	jq -e "$1" "$dir/result" >/dev/null && return
	cat "$dir/errors"
	jq -c '.results // .' "$dir/result"
	return 1
}

archive_is_whole() {
	"$firn" verify "$(jq -r .archive "$dir/result")" >"$dir/out" 2>&1 ||
		[ $? = 3 ]
}

exit_code() {
	docker_in "$dir" inspect -f '{{.State.ExitCode}}' "$1"
}

# --- what ships ---------------------------------------------------------------
container web-1 || exit 1
respond web-1 general --dry-run
passes "a dry run says the steps" says \
	'[.steps[].step] == ["capture", "secrets", "exposure"]'
passes "a dry run says what the policy would say" says \
	'[.roles[] | [.role, .verdict]] | index([["capture", "allowed"]])'
passes "a dry run opens no case" \
	test -z "$(ls /var/lib/firn/cases 2>/dev/null)"
respond web-1 general
passes "general is done, with status 0" test "$status" = 0
passes "its case is done" says '.state == "done"'
passes "its archive is whole" archive_is_whole
passes "its steps are done" says '.results | map(.state) | unique == ["done"]'
passes "the verdict is in the result" \
	says '.results[] | select(.kind == "exposure") | .result.verdict'
passes "the container goes on" test "$(state_of web-1)" = running
passes "the case is listed" jq -e '.cases | length == 1' \
	<("$firn" cases --json)

# --- all kinds of steps -------------------------------------------------------
mkdir "$dir/kept"
playbook all never <<-STEPS
	  - capture: [processes, network]
	  - freeze: {hold: true}
	  - isolate: {cut: all}
	  - secrets: {}
	  - run: {argv: [/usr/bin/wc, -c], timeout: 20s}
	  - send: {to: "$dir/kept/"}
	  - then: keep-frozen
STEPS
respond web-1 all
passes "all steps are done, as one act in the order of containment" says \
	'[.results[] | [.kind, .state]] == [["isolate", "done"],
	["freeze", "done"], ["capture", "done"], ["secrets", "done"],
	["run", "done"], ["send", "done"], ["then", "done"]]'
passes "it is left frozen" test "$(state_of web-1)" = frozen
passes "it is left cut off" is_isolated web-1
passes "what runs gets the case on its input" says '.results[] |
	select(.kind == "run") | .result.stdout | tonumber > 500'
passes "the archive is where it was sent" \
	cmp "$(jq -r .archive "$dir/result")" "$dir"/kept/*.zst
respond web-1 general
passes "what another case froze stays frozen" \
	test "$(state_of web-1)" = frozen
passes "and that is said" says '.results[-1].result.left'
"$firn" thaw -q web-1 >/dev/null && "$firn" release -q web-1 >/dev/null ||
	fail "thaw and release"

# --- stop and kill ------------------------------------------------------------
docker_in "$dir" run -d --name polite --network none firn/busybox sh -c \
	'trap "exit 7" TERM; touch /tmp/ready; while :; do sleep 0.1; done' \
	>/dev/null
engine_wait 20 docker_in "$dir" exec polite test -e /tmp/ready
playbook stop never <<-STEPS
	  - freeze: {}
	  - then: stop
STEPS
playbook kill never <<-STEPS
	  - freeze: {}
	  - capture: [processes]
	  - then: kill
STEPS
respond polite stop
passes "a container that listens to SIGTERM ends by it" says \
	'.results[-1].result | .state == "ended" and .by == "SIGTERM"'
engine_wait 10 docker_in "$dir" wait polite
passes "with a status of its own" test "$(exit_code polite)" = 7
container victim
pid=$(docker_in "$dir" inspect -f '{{.State.Pid}}' victim)
respond victim kill
passes "a container that is killed is gone" \
	says '.results[-1].result.state == "ended"'
passes "and so is its process" test ! -d "/proc/$pid"
passes "its archive is whole" archive_is_whole
passes "the ledger says that it can't be undone" \
	jq -s -e 'any(.[]; .action == "kill" and .phase == "final")' \
	"/run/firn/ledger/$id.jsonl"

# --- what fails ---------------------------------------------------------------
playbook fails never <<-STEPS
	  - freeze: {}
	  - run: {argv: [/usr/bin/false], timeout: 10s}
	  - send: {to: "$dir/kept/"}
	  - capture: [processes]
	  - then: thaw
STEPS
playbook stops never <<-STEPS
	  - freeze: {}
	  - run: {argv: [/usr/bin/false], timeout: 10s}
	    on_error: stop
	  - capture: [processes]
	  - then: kill
STEPS
respond web-1 fails
passes "a case with a failed step is failed" says '.state == "failed"'
passes "it says which" says '.why == "step 2 (run) failed"'
passes "what can't be sent says why" \
	says '.results[2].why | test("no sealed archive")'
passes "the others are done all the same" says '.results[3].state == "done"'
passes "and it is thawed" test "$(state_of web-1)" = running
passes "with status 3" test "$status" = 3
respond web-1 stops
passes "where a playbook stops on an error, what follows is skipped" says \
	'[.results[].state] == ["done", "failed", "skipped", "skipped"]'
passes "also the kill: it is left frozen" test "$(state_of web-1)" = frozen
"$firn" thaw -q web-1 >/dev/null

# A folder of evidence that can't be had is no reason not to contain.
echo 'evidence: {folder: /proc/nowhere}' >/etc/firn/policy.yaml
respond web-1 all
passes "without a place for evidence it is frozen and cut all the same" \
	says '[.results[0:3][].state] == ["done", "done", "failed"]'
passes "it is frozen" test "$(state_of web-1)" = frozen
passes "with status 5" test "$status" = 5
"$firn" thaw -q web-1 >/dev/null && "$firn" release -q web-1 >/dev/null

# --- the policy ---------------------------------------------------------------
cat >/etc/firn/policy.yaml <<-POLICY
	responders:
	  - {users: [root], may: [look, capture, freeze]}
	never-touch: [{name: [postgres]}]
POLICY
respond web-1 all
passes "what the policy denies is refused" test "$status" = 4
passes "nothing of it is done" says '.state == "refused" and .results == []'
passes "it runs" test "$(state_of web-1)" = running
passes "the refusal is in the audit log" \
	audited '.action == "denied" and .details.role == "isolate"'
respond web-1 all --dry-run
passes "the dry run says so" test "$status" = 4
container postgres
respond postgres general
passes "what is never touched is not captured" test "$status" = 4
docker_in "$dir" run -d --name sidecar --network container:web-1 \
	firn/busybox sleep 1000 >/dev/null
cat >/etc/firn/policy.yaml <<-POLICY
	responders:
	  - {users: [root], may: [look, capture, freeze, isolate]}
	never-touch: [{name: [sidecar]}]
POLICY
playbook pod never <<-STEPS
	  - isolate: {cut: all, pod: true}
	  - then: thaw
STEPS
respond web-1 pod
passes "a whole pod isn't cut for one who may cut a part of it" \
	test "$status" = 4
passes "it says with whom the network is shared" \
	says '.why | test("shares its network with .*never")'
passes "the refusal is about that one" audited \
	'.action == "denied" and .details.target.name == "sidecar"'
is_isolated web-1 && fail "it is cut all the same" || ok "nothing is cut"
respond web-1 pod --dry-run
passes "the dry run says so, too" test "$status" = 4

printf 'responders:\n  - {usrs: [root]}\n' >/etc/firn/policy.yaml
respond web-1 general
passes "without a policy that can be read it is refused" test "$status" = 4
passes "and that is in the audit log" audited \
	'.action == "denied" and .details.command == "respond" and
	.details.target.name == "web-1"'
"$firn" approve 0123456789abcdef >"$dir/out" 2>&1
passes "nobody approves of anything then" test "$?" = 4
rm /etc/firn/policy.yaml

respond web-1 no-such-playbook
passes "a playbook that isn't there is refused" test "$status" = 4
echo 'playbook: x' >"$dir/bad.yaml"
respond web-1 "$dir/bad.yaml"
passes "one that is none fails" test "$status" = 5
passes "no case was left open" jq -e \
	'.cases | all(.state | IN("done", "failed", "refused"))' \
	<("$firn" cases --json)

exit $failed
