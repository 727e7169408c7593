# shellcheck shell=bash
# shellcheck disable=SC2034,SC2154 # of the scripts that source it
# cases.sh -- a node of a test's own for playbooks: its folders, its containers,
# its runner.  Sourced after engines.sh, by a script that was called as
# SCRIPT FIRN RUNNER_HERE [ARGUMENT]...
#
# What firn keeps is in folders that only this script's processes see.

# cases_alone "$0" "$@" -- once again, in a mount namespace.
cases_alone() {
	[ -n "${CASES_ALONE-}" ] || CASES_ALONE=1 exec unshare -m \
		--propagation private "$@"
	for cases_folder in /var/lib/firn /var/spool/firn /run/firn /etc/firn; do
		mkdir -p "$cases_folder" &&
			mount -t tmpfs -o mode=0700 tmpfs "$cases_folder" ||
			exit 77
	done
	mkdir -p /etc/firn/playbooks
}

failed=0
ok() {
	echo "ok: $1"
}
fail() {
	echo "FAILED: $1"
	failed=1
}

# passes WORDS COMMAND... -- a sentence that is true.
passes() {
	passes_words=$1
	shift
	if "$@" >"$dir/passes"; then ok "$passes_words"; else
		cat "$dir/passes"
		fail "$passes_words"
	fi
}

# cases_start -- docker, with an image.
cases_start() {
	make_rootfs "$dir/rootfs" && engine_docker_start "$dir" &&
		docker_image_import "$dir" "$dir/rootfs" firn/busybox
}

cases_stop() {
	runner_stop
	rm -f /etc/firn/policy.yaml # or undoing may take a second person
	for cases_ledger in /run/firn/ledger/*.jsonl; do
		[ -e "$cases_ledger" ] || continue
		cases_id=${cases_ledger##*/}
		"$firn" release -q "${cases_id%.jsonl}" >/dev/null 2>&1
		"$firn" thaw -q "${cases_id%.jsonl}" >/dev/null 2>&1
	done
	engine_stop "$dir"
}

# container NAME [OPTION]... -- runs it; its id is in $id.
container() {
	id=$(docker_in "$dir" run -d --name "$1" --network none "${@:2}" \
		firn/busybox sleep 1000)
	[ ${#id} = 64 ]
}

# shell_playbook NAME RULE [LIMITS] -- with the steps on stdin.
playbook() {
	{
		printf 'playbook: %s\nversion: 1\ndescription: A test.\n' "$1"
		printf 'match: [{rule: "%s"}]\n' "$2"
		printf 'limits: {max_freeze: 5m%s}\nsteps:\n' "${3:+, $3}"
		cat
	} >"/etc/firn/playbooks/$1.yaml"
}

runner=
runner_start() {
	rm -f "$dir/in" && mkfifo "$dir/in"
	"$@" "$runner_here" <"$dir/in" >"$dir/told" 2>"$dir/errors" &
	runner=$!
	exec 5>"$dir/in"
	engine_wait 20 grep -q '"ready"' "$dir/told"
}

runner_stop() {
	[ -n "$runner" ] || return 0
	exec 5>&-
	wait "$runner"
	runner_status=$?
	runner=
	return $runner_status
}

# alert RULE ID [FIELDS] -- one of our own form; its letter is in $letter.
alert() {
	letter=$(printf '{"schema":"firn.alert/v1","rule":"%s","severity":"critical","target":{"container_id":"%s"}%s}\n' \
		"$1" "$2" "${3:+,$3}" | "$firn" alert --json | jq -r '.letters[0]')
}

answer_of() {
	cat "/var/spool/firn/alerts/done/$1.answer.json" 2>/dev/null
}

is_answered() {
	[ -s "/var/spool/firn/alerts/done/$1.answer.json" ]
}

# answered FILTER -- wait for the answer to $letter, and ask jq.
answered() {
	engine_wait 60 is_answered "$letter" &&
		answer_of "$letter" | jq -e ".alerts[0] | $1" >/dev/null && return
	echo "the answer: $(answer_of "$letter")"
	return 1
}

# case_is STATE -- wait until the case of $letter is in this state.
case_is() {
	engine_wait 60 is_answered "$letter"
	case=$(answer_of "$letter" | jq -r '.alerts[0].case')
	engine_wait 90 case_has ".state == \"$1\"" && return
	"$firn" cases "$case"
	tail -n 3 "$dir/told" "$dir/errors"
	return 1
}

# case_has FILTER -- of $case.
case_has() {
	"$firn" cases --json "$case" | jq -e "$1" >/dev/null
}

# state_of NAME -- "running", "frozen".
state_of() {
	"$firn" list --json | jq -r --arg name "$1" \
		'.containers[] | select(.name == $name) | .state'
}

is_isolated() {
	"$firn" list --json | jq -e --arg name "$1" '.containers[] |
		select(.name == $name) | .contained.isolated.state == "in force"' \
		>/dev/null
}

# audited FILTER -- is there such a line in the audit log?
audited() {
	jq -s -e "any(.[]; $1)" /var/lib/firn/audit.jsonl >/dev/null
}
