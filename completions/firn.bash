# shellcheck shell=bash
# bash completion for firn: the commands and options come from firn's own
# --help, so they can't drift; targets come from `firn list`.

_firn_words() {
	firn "$@" --help 2>/dev/null
}

_firn_commands() {
	_firn_words | awk '/^  [a-z]/ { print $1 }'
}

_firn_options() {
	_firn_words "$1" | grep -oE -- '--[a-z][a-z-]*' | sort -u
}

_firn_targets() {
	firn list --json 2>/dev/null |
		grep -oE '"(name|id)": *"[A-Za-z0-9_.-]+"' |
		sed -E 's/.*"([^"]+)"$/\1/'
}

# The cases that have a checklist.
_firn_cases() {
	local file

	for file in /var/lib/firn/cases/*.secrets.json; do
		[ -e "$file" ] || continue
		file=${file##*/}
		echo "${file%.secrets.json}"
	done
}

# The requests that wait for a second person.
_firn_requests() {
	local file

	for file in /var/lib/firn/approvals/*.json; do
		[ -e "$file" ] || continue
		file=${file##*/}
		echo "${file%.json}"
	done
}

_firn_playbook() { # WORD
	if [ "$COMP_CWORD" -eq 2 ]; then
		compgen -W "check list explain test export" -- "$1"
		return
	fi
	compgen -W "$(firn playbook list 2>/dev/null |
		awk '{ print $1 }')" -- "$1"
	compgen -f -- "$1"
}

# The cases of playbooks.
_firn_diaries() {
	firn cases --json 2>/dev/null |
		grep -oE '"case": *"[A-Za-z0-9_.-]+"' |
		sed -E 's/.*"([^"]+)"$/\1/'
}

_firn() {
	local current=${COMP_WORDS[COMP_CWORD]} command=${COMP_WORDS[1]}

	COMPREPLY=()
	if [ "$COMP_CWORD" -eq 1 ]; then
		mapfile -t COMPREPLY < <(compgen -W "$(_firn_commands)" -- "$current")
		return
	fi
	case $current in
	-*)
		mapfile -t COMPREPLY < <(
			compgen -W "$(_firn_options "$command")" -- "$current")
		return
		;;
	esac
	case $command in
	freeze | thaw | isolate | release | capture | respond)
		mapfile -t COMPREPLY < <(compgen -W "$(_firn_targets)" -- "$current")
		;;
	cases)
		mapfile -t COMPREPLY < <(compgen -W "$(_firn_diaries)" -- "$current")
		;;
	secrets | exposure)
		mapfile -t COMPREPLY < <(
			compgen -W "$(_firn_targets) $(_firn_cases)" -- "$current"
			compgen -f -- "$current")
		;;
	approve)
		mapfile -t COMPREPLY < <(
			compgen -W "$(_firn_requests)" -- "$current")
		;;
	policy)
		mapfile -t COMPREPLY < <(
			compgen -W "check explain" -- "$current"
			compgen -f -- "$current")
		;;
	playbook)
		mapfile -t COMPREPLY < <(_firn_playbook "$current")
		;;
	verify | keygen | drill)
		mapfile -t COMPREPLY < <(compgen -f -- "$current")
		;;
	esac
}

complete -F _firn firn
