#!/bin/bash
# firn policy, of real containers: what would be decided of them, by labels and
# names as their engines wrote them; and what it says of a draft.
# Usage: test_policy_explain.sh FIRN
set -u
firn=$1
# shellcheck source=tests/engines.sh
. "$(dirname "$0")/../engines.sh"
engine_need docker dockerd containerd podman runc jq busybox
dir=$(mktemp -d /tmp/firn-policy.XXXXXX)
failed=0
# shellcheck disable=SC2317 # the trap calls it
clean() {
	podman_in "$dir" rm -f -a >/dev/null 2>&1
	engine_stop "$dir"
}
trap clean EXIT

fail() {
	echo "FAILED: $*"
	failed=1
}

engine_docker_start "$dir" && make_rootfs "$dir/rootfs" &&
	docker_image_import "$dir" "$dir/rootfs" shop/web:1 || exit 1
start() { # NAME [OPTION...]
	docker_in "$dir" run -d --network none --name "$@" shop/web:1 \
		sleep 1000 >/dev/null || fail "start $1"
}
web=firn-policy-web-$$ db=firn-policy-db-$$ bare=firn-policy-podman-$$
start $web --label app=web --label com.docker.compose.project=shop \
	--label com.docker.compose.service=front
start $db --label app=db
podman_run "$dir" --name $bare --label app=web --rootfs "$dir/rootfs" \
	sleep 1000 >/dev/null || fail "start $bare"

policy=$dir/policy.yaml
cat >"$policy" <<-'EOF'
	responders:
	  - {users: root, may: all, targets: {label: {app: [web, db]}}}
	sources:
	  - {name: falco, user: falco, may: [capture, freeze]}
	  - {name: dry, user: dry, may: all, dry-run: true}
	never-touch: [{label: {app: db}}]
	approval: [{may: kill}]
EOF

# verdicts PARTY NAME TARGET WANTED -- of look, capture, freeze, isolate, kill.
verdicts() {
	local is
	is=$("$firn" policy explain --json --policy "$policy" "$1" "$2" "$3" |
		jq -r '[.roles[].verdict[:2]] | join(" ")')
	[ "$is" = "$4" ] || fail "$1 $2 $3: $is instead of $4"
}
verdicts --who root $web "al al al al ne"
verdicts --who root $db "al de de de de"
# podman doesn't tell labels: nothing is given, and it may be one of the db.
verdicts --who root $bare "de de de de de"
verdicts --who nobody $web "de de de de de"
verdicts --source falco $web "al al al de de"
verdicts --source falco $db "al de de de de"
verdicts --source falco $bare "al de de de de"
verdicts --source dry $web "al on on on on"
verdicts --source other $web "de de de de de"

service=$("$firn" policy explain --json --policy "$policy" --who root $web |
	jq -r .target.service)
[ "$service" = shop/front ] || fail "the service is $service"
"$firn" policy explain --policy "$policy" --who root $db |
	grep -q "never touched, by anybody (policy.yaml:6:" ||
	fail "the rule isn't named"
"$firn" policy explain --policy "$policy" --who no-such-user $web \
	2>/dev/null && fail "a user who isn't there is explained"
"$firn" policy explain --policy "$policy" --who root no-such-container \
	2>/dev/null
[ $? = 4 ] || fail "a container that isn't there"

# --- drafts
"$firn" policy check "$policy" >/dev/null || fail "check of a sound one"
chmod o+w "$policy"
"$firn" policy check --json "$policy" |
	jq -e '.sound and (.warnings[0] | test("chmod go-w"))' >/dev/null ||
	fail "a draft that others can write isn't warned of"
for broken in 'responders: [{users: root, mai: all}]' \
	'secrets: {owner: x}' 'posture: {registry: x}' 'node: {from: x}'; do
	echo "$broken" >"$policy"
	"$firn" policy check --json "$policy" >"$dir/out"
	[ $? = 1 ] || fail "check of $broken"
	jq -e '.error | test("policy.yaml:1:[0-9]+: unknown key")' "$dir/out" \
		>/dev/null || fail "check of $broken: $(cat "$dir/out")"
done
: >"$policy"
"$firn" policy explain "$policy" | grep -q 'names no responders' ||
	fail "an empty policy"

exit $failed
