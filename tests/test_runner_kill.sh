#!/bin/bash
# The process of a case, or the runner, is killed before or after each line of
# the diary, and at random moments: the next runner goes on, nothing is lost, and
# nothing is carried out twice.
# Usage: test_runner_kill.sh FIRN RUNNER_HERE KILL_AT.SO
set -u
# shellcheck source=tests/engines.sh
. "$(dirname "$0")/engines.sh"
# shellcheck source=tests/cases.sh
. "$(dirname "$0")/cases.sh"
engine_need docker dockerd containerd runc jq zstd busybox unshare
cases_alone "$0" "$@"

# shellcheck disable=SC2034 # cases.sh has it
firn=$1 runner_here=$2 kill_at=$3
dir=$(mktemp -d /tmp/firn-runner-kill.XXXXXX)
trap cases_stop EXIT
# A library that comes before the sanitizer's is what is wanted here; and what
# was killed has leaked.
export ASAN_OPTIONS=verify_asan_link_order=0:detect_leaks=0

cat >/etc/firn/policy.yaml <<-POLICY
	sources:
	  - {name: falco, user: root, may: [look, capture, freeze, isolate, kill]}
POLICY
# The program's runs are counted where it was told to: it may write nowhere else.
mkdir -p "$dir/runs" && chmod 1777 "$dir/runs" && chmod 755 "$dir"
playbook all "All*" "cooldown: 10m" <<-STEPS
	  - isolate: {cut: all}
	  - freeze: {}
	  - capture: [processes]
	  - run: {argv: [/usr/bin/mktemp, -p, $dir/runs], timeout: 10s}
	  - then: keep-frozen
STEPS
cases_start || exit 1

case_of_target() {
	"$firn" cases --json | jq -r --arg id "$1" \
		'[.cases[] | select(.target.id == $id) | .case] | join(" ")'
}

is_over() {
	"$firn" cases --json | jq -e --arg id "$1" '[.cases[] |
		select(.target.id == $id)] | length > 0 and
		all(.state == "done" or .state == "failed")' >/dev/null
}

# looks NAME ID WHEN -- what is to be true, whenever it was killed.
looks() {
	engine_wait 60 is_over "$2" || fail "$3: not over: $(case_of_target "$2")"
	looks_cases=$(case_of_target "$2")
	[ "$(echo "$looks_cases" | wc -w)" = 1 ] ||
		fail "$3: cases \"$looks_cases\""
	engine_wait 20 is_answered "$letter" || fail "$3: not answered"
	answer_of "$letter" | jq -e --arg case "$looks_cases" \
		'.alerts[0].case == $case' >/dev/null ||
		fail "$3: answered $(answer_of "$letter")"
	[ "$(state_of "$1")" = frozen ] || fail "$3: $1 is not frozen"
	is_isolated "$1" || fail "$3: $1 is not cut off"
	looks_archive=$("$firn" cases --json "$looks_cases" | jq -r .archive)
	"$firn" verify "$looks_archive" >"$dir/out" 2>&1 ||
		fail "$3: verify $looks_archive: $(cat "$dir/out")"
	looks_runs=$(find "$dir/runs" -type f | wc -l)
	looks_run=$("$firn" cases --json "$looks_cases" | jq -r \
		'.results[] | select(.kind == "run") | .state')
	case $looks_runs:$looks_run in
	1:done | 0:failed | 1:failed) ;;
	*) fail "$3: it ran $looks_runs times, and the step is $looks_run" ;;
	esac
	rm -f "$dir"/runs/*
}

# --- at each line -------------------------------------------------------------
n=0
# opened, 3 permits (isolate, freeze, capture), 3 begun, contained, 3 done, begun
# and done of run and then, finished
for at in 1 1+ 2 4+ 5 7+ 8 8+ 9 10 11 11+ 12 12+ 13 13+ 14 15 16 16+; do
	n=$((n + 1))
	container "kill-$n" || exit 1
	alert "All of it" "$id"
	rm -f "$dir/once"
	LD_PRELOAD=$kill_at KILL_AT=$at KILL_ONCE=$dir/once "$runner_here" \
		< <(sleep 60 & echo $! >"$dir/sleeper"; wait) \
		>"$dir/told" 2>"$dir/errors" &
	first=$!
	engine_wait 30 grep -q '"ready"' "$dir/told" || fail "$at: no runner"
	# At the first line it is the runner itself; later it goes on with the
	# case by itself.
	engine_wait 40 test -e "$dir/once" || fail "$at: it was not killed"
	kill "$(cat "$dir/sleeper")" 2>/dev/null
	kill -9 $first 2>/dev/null
	wait $first 2>/dev/null
	runner_start || { cat "$dir/errors"; fail "$at: no second runner"; }
	looks "kill-$n" "$id" "killed at line $at"
	runner_stop || fail "$at: the second runner: $(cat "$dir/errors")"
	timeout 30 docker -H "unix://$dir/docker/sock" rm -f "kill-$n" \
		>/dev/null 2>&1
done
[ $failed = 0 ] && ok "killed at each line of a diary, it is gone on with"

# --- the runner, at random moments --------------------------------------------
letters=
for i in 1 2 3 4 5 6; do
	container "random-$i" || exit 1
	alert "All of it" "$id"
	letters="$letters $letter:$id:random-$i"
done
for i in 1 2 3 4 5 6 7 8; do
	"$runner_here" < <(sleep 60 & echo $! >"$dir/sleeper"; wait) \
		>"$dir/told" 2>"$dir/errors" &
	first=$!
	sleep "0.$((RANDOM % 10))$((RANDOM % 10))"
	kill -9 $first
	wait $first 2>/dev/null
	kill "$(cat "$dir/sleeper")" 2>/dev/null
done
runner_start || fail "no runner after all of them: $(cat "$dir/errors")"
for one in $letters; do
	letter=${one%%:*} rest=${one#*:}
	engine_wait 90 is_over "${rest%:*}" || fail "$rest: not over"
	[ "$(case_of_target "${rest%:*}" | wc -w)" = 1 ] ||
		fail "$rest: cases $(case_of_target "${rest%:*}")"
	engine_wait 20 is_answered "$letter" || fail "$rest: not answered"
	[ "$(state_of "${rest#*:}")" = frozen ] || fail "$rest: not frozen"
done
runs=$(find "$dir/runs" -type f | wc -l)
[ "$runs" -le 6 ] || fail "it ran $runs times for 6 alerts"
runner_stop || fail "the last runner: $(cat "$dir/errors")"
[ $failed = 0 ] && ok "a runner that is killed loses nothing"
exit $failed
