#!/bin/bash
# kill -9 of `firn listen`, of its receiver or of its runner at random moments
# while alerts come in: none that was answered is lost, and none is carried out
# twice.  Usage: test_listen_kill.sh FIRN [KILLS [SEED]]
set -u
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=tests/engines.sh
. "$here/engines.sh"
# shellcheck source=tests/cases.sh
. "$here/cases.sh"
# shellcheck source=tests/listening.sh
. "$here/listening.sh"
engine_need docker dockerd containerd runc jq busybox unshare openssl curl pgrep
cases_alone "$0" "$@"

# shellcheck disable=SC2034 # cases.sh has it
firn=$1 kills=${2:-50} seed=${3:-$$} n_containers=8
dir=$(mktemp -d /tmp/firn-listen-kill.XXXXXX)
chmod 755 "$dir"
# shellcheck disable=SC2317 # the trap calls it
clean() {
	touch "$dir/enough"
	listen_stop
	cases_stop
}
trap clean EXIT
RANDOM=$seed
echo "seed $seed"

# Each run of the playbook leaves a file: the case, as the program was given it.
mkdir "$dir/runs" "$dir/answers"
chmod 1777 "$dir/runs"
listening_certificate server localhost &&
	listening_certificate ca "our ca" || exit 1
openssl rand -hex 32 >/etc/firn/token
chmod 600 /etc/firn/token
listening_policy <<-POLICY
	sources:
	  - name: sender
	    bearer: {file: /etc/firn/token}
	    may: [look, capture, freeze]
	    rate: 100000
	limits: {freezes-per-hour: 1000}
POLICY
playbook once "*" "cooldown: 1h" <<-STEPS
	  - freeze: {}
	  - run: {argv: [/bin/sh, -c, 'cat >"\$(mktemp -p $dir/runs)"'], timeout: 20s}
	  - then: thaw
STEPS

cases_start || exit 1
ids=()
for i in $(seq $n_containers); do
	container "killed-$i" || exit 1
	ids+=("$id")
done
listen_start
engine_wait 30 listens || { cat "$dir/errors"; exit 1; }

# send NAME ID -- one alert, again and again until it was answered 200.
send() {
	until [ -e "$dir/enough" ]; do
		printf '{"schema":"firn.alert/v1","id":"%s","rule":"Kill","severity":"critical","target":{"container_id":"%s"}}' \
			"$1" "$2" |
			curl -s -m 20 --cacert /etc/firn/server.pem --fail \
				-H "Authorization: Bearer $(cat /etc/firn/token)" \
				-o "$dir/answers/$1.part" --data-binary @- \
				"$url/alerts" &&
			mv "$dir/answers/$1.part" "$dir/answers/$1" && return
		sleep 0.2
	done
}

# kill_one -- the supervisor, or one of its parts, if that is there.  The
# supervisor is started again at once, as systemd does.
killed_listen=0 killed_receiver=0 killed_runner=0 ended=0
kill_one() {
	local pid

	if ! kill -0 "$listening" 2>/dev/null; then
		wait "$listening"
		echo "firn listen ended with $?: $(tail -n 3 "$dir/errors")"
		ended=$((ended + 1))
		listen_start
	fi
	case $((RANDOM % 3)) in
	0)
		pid=$(pgrep -P "$listening" -x firn-receiver) &&
			kill -9 "$pid" && killed_receiver=$((killed_receiver + 1)) &&
			return
		;;
	1)
		pid=$(pgrep -P "$listening" -x firn-runner) &&
			kill -9 "$pid" && killed_runner=$((killed_runner + 1)) &&
			return
		;;
	esac
	kill -9 "$listening"
	wait "$listening" 2>/dev/null
	killed_listen=$((killed_listen + 1))
	listen_start
}

# A new container comes in now and then, so that each is struck in another state.
n_sent=0 senders=()
for i in $(seq 0 $((kills - 1))); do
	newest=$((i * n_containers / kills))
	for which in $newest $newest $((RANDOM % (newest + 1))); do
		n_sent=$((n_sent + 1))
		send "k-$n_sent" "${ids[which]}" &
		senders+=($!)
	done
	sleep "$((RANDOM % 2)).$((RANDOM % 10))$((RANDOM % 10))"
	kill_one
done
echo "killed: listen $killed_listen, receiver $killed_receiver, runner $killed_runner"
passes "it was killed $kills times" test $kills = \
	$((killed_listen + killed_receiver + killed_runner))
passes "it never ended by itself" test $ended = 0

all_answered() {
	[ "$(find "$dir/answers" -type f ! -name '*.part' | wc -l)" = $n_sent ]
}
passes "each of $n_sent alerts is answered 200 in the end" \
	engine_wait 90 all_answered
touch "$dir/enough"
wait "${senders[@]}"

is_quiet() {
	[ -z "$(find /var/spool/firn/alerts/new /var/spool/firn/alerts/cur \
		-type f)" ] && "$firn" cases --json | jq -e \
		'.cases | all(.state == "done" or .state == "failed")'
}
passes "each letter is dealt with" engine_wait 90 is_quiet
"$firn" cases --json >"$dir/cases"

# --- nothing is lost ----------------------------------------------------------
letters_of_200() {
	for answer in "$dir"/answers/k-*; do
		case $answer in *.part) continue ;; esac
		jq -r 'select(.accepted) | .id' "$answer"
	done | sort
}
letters_of_200 >"$dir/letters"
passes "each 200 names a letter, and none the same" test \
	"$(uniq "$dir/letters" | wc -l)" = $n_sent
find /var/spool/firn/alerts/done -name '*.answer.json' -printf '%f\n' |
	sed 's/\.answer\.json$//' | sort >"$dir/done"
passes "each of these is in done/, with an answer" test -z \
	"$(comm -23 "$dir/letters" "$dir/done")"
# Whoever was not answered sent it again: there can be more letters than alerts.
find /var/spool/firn/alerts/done -name '*.answer.json' -exec cat {} + |
	jq -s '[.[].alerts[]]' >"$dir/alerts"
echo "$(wc -l <"$dir/done") letters for $n_sent alerts"
passes "each alert has an answer of the runner's" jq -e --argjson n $n_sent \
	'[.[].id] | unique | length == $n' "$dir/alerts"
passes "a case, or that it was too soon for another" jq -e \
	'all(.case or .reason == "cooldown")' "$dir/alerts"

# --- nothing is done twice ----------------------------------------------------
passes "each container has one case" jq -e --argjson n $n_containers \
	'.cases | length == $n and (map(.target.id) | unique | length == $n)' \
	"$dir/cases"
passes "which answers speak of" jq -e --slurpfile alerts "$dir/alerts" \
	'[.cases[].case] - [$alerts[0][].case] == []' "$dir/cases"
# A program that was running when it was killed isn't run again: its step failed.
find "$dir/runs" -type f -exec jq -c .case {} + | sort >"$dir/ran"
passes "no playbook was carried out twice" test -z "$(uniq -d "$dir/ran")"
passes "and each of those that say so was, once" jq -e \
	--slurpfile ran "$dir/ran" \
	'[.cases[] | select(.state == "done") | .case] - $ran == []' "$dir/cases"
for i in $(seq $n_containers); do
	[ "$(state_of "killed-$i")" = running ] ||
		fail "killed-$i isn't thawed"
done
jq -r '.cases[] | .state' "$dir/cases" | sort | uniq -c
passes "the audit log is whole" "$firn" verify /var/lib/firn/audit.jsonl
passes "it ends calmly" listen_stop
[ $failed = 0 ] || { tail -n 20 "$dir/errors"; cat "$dir/cases"; }
exit $failed
