#!/bin/bash
# A flood of alerts about a few containers, every third about one that isn't
# here: each container is captured once, the rest is answered and counted, and the
# runner's memory doesn't grow with them.
# Usage: test_flood.sh FIRN RUNNER_HERE [ALERTS [CONTAINERS]]
set -u
# shellcheck source=tests/engines.sh
. "$(dirname "$0")/engines.sh"
# shellcheck source=tests/cases.sh
. "$(dirname "$0")/cases.sh"
engine_need docker dockerd containerd runc jq zstd busybox unshare
cases_alone "$0" "$@"

# shellcheck disable=SC2034 # cases.sh has it
firn=$1 runner_here=$2 n_alerts=${3:-1500} n_containers=${4:-8}
dir=$(mktemp -d /tmp/firn-flood.XXXXXX)
trap cases_stop EXIT

cat >/etc/firn/policy.yaml <<-POLICY
	sources:
	  - {name: falco, user: root, may: [look, capture, freeze, isolate]}
	limits: {running: 2}
POLICY
playbook flood "Flood*" "cooldown: 1h" <<-STEPS
	  - isolate: {cut: all}
	  - freeze: {}
	  - capture: [processes]
	  - then: thaw
STEPS

cases_start || exit 1
ids=()
for i in $(seq "$n_containers"); do
	container "flood-$i" || exit 1
	ids+=("$id")
done
runner_start || { cat "$dir/errors"; exit 1; }

rss_kb() {
	sed -n 's/^VmRSS:[^0-9]*\([0-9]*\).*/\1/p' "/proc/$runner/status"
}
before=$(rss_kb)
id_of() { # NUMBER
	if [ $(($1 % 3)) = 0 ]; then printf 'feed%060x' "$1"
	else echo "${ids[$1 % n_containers]}"; fi
}
for i in $(seq "$n_alerts"); do
	printf '{"schema":"firn.alert/v1","id":"f-%s","rule":"Flood","severity":"critical","target":{"container_id":"%s"}}\n' \
		"$i" "$(id_of "$i")"
done | "$firn" alert -q >/dev/null || fail "alert"

answers() {
	find /var/spool/firn/alerts/done -name '*.answer.json' | wc -l
}
all_answered() {
	[ "$(answers)" -ge "$n_alerts" ]
}
no_case_works() {
	"$firn" cases --json | jq -e \
		'.cases | all(.state == "done" or .state == "failed")' >/dev/null
}
engine_wait 400 all_answered || fail "$(answers) of $n_alerts answered"
engine_wait 400 no_case_works || fail "cases are left: $("$firn" cases)"
after=$(rss_kb)

"$firn" cases --json >"$dir/cases"
passes "each container is captured once" jq -e --argjson n "$n_containers" \
	'.cases | length == $n and (map(.target.id) | unique | length == $n) and
	all(.state == "done")' "$dir/cases"
passes "each has a sealed archive" test \
	"$(find /var/lib/firn/evidence -name '*.firn.tar.zst' | wc -l)" = "$n_containers"
find /var/spool/firn/alerts/done -name '*.answer.json' -exec cat {} + |
	jq -s -r '[.[].alerts[0] | if .folded then "folded" elif .case then
		"opened" else .reason end] | group_by(.) |
		map("\(.[0]) \(length)") | .[]' >"$dir/answers"
cat "$dir/answers"
passes "each alert is answered, and no other way" test \
	"$(awk '/^(opened|folded|cooldown|unknown) / { n += $2 } END { print n }' \
		"$dir/answers")" = "$n_alerts"
passes "those about containers that aren't here are unknown" \
	grep -qx "unknown $((n_alerts / 3))" "$dir/answers"
passes "as many cases were opened as there are" \
	grep -qx "opened $n_containers" "$dir/answers"
passes "what was folded is counted" jq -e --argjson n \
	"$((n_containers + $(awk '/^folded/ { print $2 } END { print 0 }' \
		"$dir/answers" | head -n 1)))" \
	'[.cases[].alerts] | add == $n' "$dir/cases"
passes "diaries stay small" test -z \
	"$(find /var/lib/firn/cases -name '*.case.jsonl' -size +2M)"
echo "the runner had $before KiB, and has $after KiB"
# The sanitizer keeps what was freed.
if ! grep -qa __asan_init "$runner_here"; then
	passes "the runner's memory stays" test "$after" -lt $((before + 8192))
fi
for i in $(seq "$n_containers"); do
	[ "$(state_of "flood-$i")" = running ] || fail "flood-$i isn't thawed"
done
passes "the runner ends calmly" runner_stop
exit $failed
