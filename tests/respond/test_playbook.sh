#!/bin/bash
# firn playbook: checks, explains, tries on alerts about a real container, and
# exports; and does nothing.  Usage: test_playbook.sh FIRN
set -u
firn=$1
here=$(dirname "$0")
data=$here/../data
# shellcheck source=tests/engines.sh
. "$here/../engines.sh"
engine_need docker dockerd jq python3
dir=$(mktemp -d /tmp/firn-playbook.XXXXXX)
trap 'engine_stop "$dir"' EXIT
failed=0

fail() {
	echo "FAIL: $*"
	failed=1
}

# exits STATUS ARGUMENT... -- of firn playbook; stdout is in $dir/out.
exits() {
	local expected=$1 status

	shift
	"$firn" playbook "$@" >"$dir/out" 2>"$dir/err"
	status=$?
	[ "$status" -eq "$expected" ] ||
		fail "$status, not $expected: $* ($(tail -1 "$dir/err"))"
}
says() {
	grep -qF -- "$1" "$dir/out" || fail "it isn't said: $1"
}

# --- check
mkdir "$dir/own"
own="--folder=$dir/own"
exits 0 check "$own" --strict
exits 0 check "$data/playbooks/suspicious-shell.yaml"
says 'suspicious-shell.yaml:27:35: "memory" can'"'"'t be captured yet'
exits 1 check --strict "$data/playbooks/suspicious-shell.yaml"
printf 'playbook: x\nsteps: [freze]\n' >"$dir/bad.yaml"
exits 1 check "$dir/bad.yaml" "$data/playbooks/crypto-miner.yaml"
says "bad.yaml:2:9: "
says "crypto-miner.yaml"
cp "$dir/bad.yaml" "$dir/own/"
exits 1 check "$own"
exits 5 list "$own"
rm "$dir/own/bad.yaml"
exits 1 check --folder "$dir/none"
says "No such file or directory"

# --- list, explain
exits 0 list "$own"
names=$(awk '{ print $1 }' "$dir/out")
[ "$(tail -1 <<<"$names")" = general ] || fail "general isn't the last"
for name in $names; do
	exits 0 explain "$own" "$name"
	says "This is done with the container, in this order"
done
exits 4 explain "$own" none
exits 2 explain "$own"
exits 2 export "$own" general

# --- export
for name in $names "$data/playbooks/suspicious-shell.yaml" \
	"$data/playbooks/crypto-miner.yaml"; do
	exits 0 export --cacao "$own" "$name"
	"$here/check_cacao.py" "$dir/out" ${CACAO_SCHEMAS:+"$CACAO_SCHEMAS"} ||
		fail "no CACAO playbook: $name"
	jq -S 'del(.modified)' "$dir/out" >"$dir/first"
	exits 0 export --cacao "$own" "$name"
	jq -S 'del(.modified)' "$dir/out" | cmp -s - "$dir/first" ||
		fail "the same file is exported otherwise: $name"
done
# What is nothing for another system to do is no playbook there.
for steps in '[seal]' '[{then: keep-frozen}]' \
	'[{isolate: {cut: none}}, {freeze: {mode: none}}]'; do
	printf 'playbook: idle\nsteps: %s\n' "$steps" >"$dir/idle.yaml"
	exits 5 export --cacao "$dir/idle.yaml"
	[ ! -s "$dir/out" ] || fail "exported, and does nothing: $steps"
done
for steps in '[freeze]' '[{isolate: {cut: none}}, secrets]' \
	'[{freeze: {}, on_error: stop}, capture, {wait: approval}, capture]'; do
	printf 'playbook: small\nsteps: %s\n' "$steps" >"$dir/small.yaml"
	exits 0 export --cacao "$dir/small.yaml"
	"$here/check_cacao.py" "$dir/out" ${CACAO_SCHEMAS:+"$CACAO_SCHEMAS"} ||
		fail "no CACAO playbook: $steps"
done
# What a shell would take for more than a word.
cat >"$dir/quoted.yaml" <<-'EOT'
	playbook: quoted
	steps:
	  - capture: all
	    with: {volumes: ["/a b/$(id)"]}
	  - run: {argv: [/bin/echo, "it's; $HOME", ""]}
EOT
exits 0 export --cacao "$dir/quoted.yaml"
"$here/check_cacao.py" "$dir/out" || fail "no CACAO playbook: quoted"
run=$(jq -r '.workflow[].commands[]?.command_b64 // empty' "$dir/out" |
	tail -1 | base64 -d)
# shellcheck disable=SC2016 # as it is
[ "$run" = 'runuser -u nobody -- /bin/echo '"'it'\\''s; \$HOME' ''" ] ||
	fail "quoted otherwise: $run"
[ "$(cd / && eval "${run#runuser -u nobody -- }")" = "it's; \$HOME " ] ||
	fail "a shell reads it otherwise: $run"

# --- test, on a container
engine_docker_start "$dir" && make_rootfs "$dir/rootfs" &&
	docker_image_import "$dir" "$dir/rootfs" registry.example.org/shop/web:1.4.2 ||
	exit 1
id=$(docker_in "$dir" run -d --network none --name web \
	registry.example.org/shop/web:1.4.2 sleep 1000) || exit 1
alert() { # NAME -- of the samples, about it
	sed -e "s/361491266a70/${id:0:12}/g; s/node-7/$(hostname)/g" \
		-e 's/,"k8s.[a-z]*.name":"[^"]*"//g' \
		"$data/alerts/$1"
}
# of NAME ARGUMENT... -- what the sample leads to, in $dir/out.
tries() {
	local status=$1 sample=$2

	shift 2
	alert "$sample" >"$dir/in"
	"$firn" playbook test --json "$own" "$@" <"$dir/in" >"$dir/out" 2>"$dir/err"
	[ $? -eq "$status" ] || fail "test of $sample: $(cat "$dir/err" "$dir/out")"
}
field() {
	jq -r ".alerts[0]$1" "$dir/out"
}
tries 0 falco-http.json
[ "$(field .playbook)" = suspicious-shell ] || fail "falco: $(field .playbook)"
[ "$(field .target.id)" = "$id" ] || fail "another container: $(field .target)"
[ "$(field .steps[0].step)" = capture ] || fail "steps: $(field .steps)"
tries 0 falco-http.json "$data/playbooks/suspicious-shell.yaml"
[ "$(field .steps[0].step)" = isolate ] || fail "steps: $(field .steps)"
# It is of an image that this one isn't for.
cat >"$dir/own/10.yaml" <<-'EOT'
	playbook: not-for-web
	match: [{rule: "*"}]
	except: [{target.image: registry.example.org/shop/web}]
	steps: [capture]
EOT
tries 0 falco-http.json
[ "$(field .playbook)" = suspicious-shell ] || fail "an exception: $(field .tried)"
[ "$(field '.tried[0].why | length')" = 3 ] || fail "why: $(field .tried)"
tries 1 falco-host-event.json
[ "$(field .nowhere.reason)" = host ] || fail "of the host: $(field .)"
tries 0 falco-host-event.json --target web
[ "$(field .target.name)" = web ] || fail "--target: $(field .)"
# Two at once, one of them over several lines.
{ alert falco-http.json && alert generic.json | jq .; } >"$dir/in"
"$firn" playbook test "$own" --json <"$dir/in" >"$dir/out"
[ "$(jq '.alerts | length' "$dir/out")" = 2 ] || fail "two alerts: $(cat "$dir/out")"
echo '{"a": ' | "$firn" playbook test "$own" >"$dir/out" 2>&1
[ $? -eq 5 ] || fail "half an alert"
"$firn" playbook test "$own" </dev/null >"$dir/out" 2>&1
[ $? -eq 2 ] || fail "no alert at all"
# What a suspect chose reaches no terminal.
alert falco-http.json | sed 's/"rule":"/&\\u001b[31m\\u202e/' |
	"$firn" playbook test "$own" 2>&1 | grep -q $'\033\|\u202e' &&
	fail "an alert reached the terminal raw"

[ "$(docker_in "$dir" inspect -f '{{.State.Status}}' web)" = running ] ||
	fail "the container was touched"
exit $failed
