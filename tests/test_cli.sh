#!/bin/bash
# The command line as a whole: help, manual and completions say the same, exit
# statuses are as documented, and a result that could not be written is a
# failure.  Usage: test_cli.sh FIRN SOURCE
set -u
firn=$1 source=$2
failed=0

fail() {
	echo "FAIL: $*"
	failed=1
}

# exits STATUS COMMAND... -- runs it quietly.
exits() {
	local expected=$1 status

	shift
	"$@" >/dev/null 2>&1
	status=$?
	[ "$status" -eq "$expected" ] ||
		fail "exit status $status, not $expected: $*"
}

commands=$("$firn" --help | awk '/^  [a-z]/ { print $1 }')
[ "$(echo "$commands" | wc -l)" -ge 11 ] || fail "firn --help lists: $commands"

manual=$(cat "$source/man/firn.1.scd")
for command in $commands; do
	help=$("$firn" "$command" --help) || fail "$command --help"
	grep -q "^## $command" <<<"$manual" || fail "firn(1) lacks $command"
	grep -q '^Examples:' <<<"$help" || fail "$command --help has no example"
	while read -r option; do
		grep -qF -- "*$option*" <<<"$manual" ||
			fail "firn(1) lacks $option of $command"
	done < <(grep -oE -- '^ .*--[a-z][a-z-]*' <<<"$help" |
		grep -oE -- '--[a-z][a-z-]*' | sort -u)
	exits 2 "$firn" "$command" --no-such-option
	"$firn" "$command" --help >/dev/full 2>/dev/null &&
		fail "$command --help on a full disk is no failure"
done

# What the manual has of a command, the command has.
while read -r command option; do
	"$firn" "$command" --help | grep -qF -- "$option" ||
		fail "firn $command has no $option, which firn(1) has"
done < <(awk '/^## / { command = $2 } /^# [A-Z]/ { command = "" }
	command && match($0, /\*--[a-z-]+\*/) {
		print command, substr($0, RSTART + 1, RLENGTH - 2)
	}' <<<"$manual")

# shellcheck source=/dev/null
. "$source/completions/firn.bash"
# shellcheck disable=SC2317 # the completions call it
firn() { "$firn" "$@"; }
[ "$(_firn_commands)" = "$commands" ] || fail "completions of commands"
_firn_options capture | grep -qx -- --keep-frozen || fail "completions of options"

exits 2 "$firn"
exits 2 "$firn" no-such-command
exits 0 "$firn" --version
exits 2 "$firn" freeze
exits 2 "$firn" isolate --allow nonsense web-1
exits 4 "$firn" freeze no-such-container
exits 4 "$firn" freeze pid:1
exits 4 "$firn" freeze "pid:$$"
exits 4 "$firn" freeze cgroup:/
for name in '' . / ../x '../../etc' "$(printf '%063d' 0)" "$(printf 'a\033[31mb')"; do
	exits 4 "$firn" freeze "$name"
	"$firn" freeze "$name" 2>&1 | grep -q $'\033' &&
		fail "a name reached the terminal raw"
done
"$firn" freeze --json no-such-container 2>/dev/null | jq -e .error.code \
	>/dev/null || fail "--json has no error object"
"$firn" doctor >/dev/full 2>/dev/null && fail "doctor on a full disk"

exit $failed
