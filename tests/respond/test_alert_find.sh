#!/bin/bash
# Each sender's alert leads to the container that is meant, on real engines, and
# one that contradicts itself to none.  Usage: test_alert_find.sh BUILD_FOLDER
set -u
find=$1/alert_find
here=$(dirname "$0")
# shellcheck source=tests/engines.sh
. "$here/../engines.sh"
engine_need docker dockerd containerd podman runc jq busybox
samples=$here/../data/alerts
dir=$(mktemp -d /tmp/firn-alert.XXXXXX)
custom=firn-alert-$$
failed=0
# shellcheck disable=SC2317 # the trap calls it
clean() {
	runc delete -f "$custom" 2>/dev/null
	podman_in "$dir" rm -f -a >/dev/null 2>&1
	engine_stop "$dir"
}
trap clean EXIT

fail() {
	echo "FAILED: $*"
	failed=1
}

# Where the first alert of a payload on stdin leads: an id, or why nowhere.
lead() {
	"$find" 2>&1 | head -1 | jq -r '.found // .why.reason // .failed'
}

# expect NAME WANTED -- of a payload on stdin.
expect() {
	local is
	is=$(lead)
	[ "$is" = "$2" ] || fail "$1: $is instead of $2"
}

# ask NAME WANTED TARGET [TIME] -- in our own form.
ask() {
	jq -nc --arg time "${4:-}" "{schema: \"firn.alert/v1\", target: $3} +
		if \$time == \"\" then {} else {time: \$time} end" |
		expect "$1" "$2"
}

engine_docker_start "$dir" && make_rootfs "$dir/rootfs" || exit 1
image=registry.example.org/shop/web:1.4.2
docker_image_import "$dir" "$dir/rootfs" "$image" || exit 1

# start NAME [OPTION...] -- as a kubelet has docker make them.
start() {
	docker_in "$dir" run -d --network none --name "$@" "$image" \
		sh -c 'sleep 1000 & wait'
}
pod_of() { # NAMESPACE POD CONTAINER
	echo "--label io.kubernetes.pod.namespace=$1
		--label io.kubernetes.pod.name=$2
		--label io.kubernetes.pod.uid=0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0
		--label io.kubernetes.container.name=$3"
}
pod="web-6c9f7d5b8-x2v4n"
# shellcheck disable=SC2046 # several options
web=$(start web $(pod_of shop $pod web)) || exit 1
# shellcheck disable=SC2046
dns=$(start dns $(pod_of kube-system coredns-1 coredns)) || exit 1
plain=$(start plain) || exit 1
pid=$(docker_in "$dir" inspect -f '{{.State.Pid}}' "$web")
child=$(cut -d' ' -f1 "/proc/$pid/task/$pid/children")

# Every sample, with the ids and the process of the container that runs.
n=0
for sample in "$samples"/*.json*; do
	case $sample in
	*.headers.json | *.mapping.json | */falco-host-event.json) continue ;;
	esac
	beside=${sample%.json*}
	export HEADERS=$beside.headers.json MAPPING=$beside.mapping.json
	[ -f "$HEADERS" ] || unset HEADERS
	[ -f "$MAPPING" ] || unset MAPPING
	sed -e "s/361491266a70ecacb99dff5be1d74433ff822c93b9faaf056ff8e2a3e32f3bdf/$web/g" \
		-e "s/361491266a70ecacb99dff5be1d7443/${web:0:31}/g" \
		-e "s/361491266a70eca/${web:0:15}/g" \
		-e "s/361491266a70/${web:0:12}/g" \
		-e "s/551e161c47d8ff0eb665438a7bcd5b4e3ef5a297282b40a92b7c77d6bd168eb3/$web/g" \
		-e "s/31590/$child/g" "$sample" |
		expect "${sample##*/}" "$web"
	n=$((n + 1))
done
unset HEADERS MAPPING
[ $n -ge 18 ] || fail "only $n samples"
expect "an event of the node" host <"$samples/falco-host-event.json"

# shellcheck disable=SC2046
other=$(start other $(pod_of shop $pod other)) || exit 1

# The sandbox of a pod with one container, and of one with two.
sandbox_of() { # POD
	pod_of shop "$1" POD
	echo --label io.kubernetes.docker.type=podsandbox
}
# shellcheck disable=SC2046
{
	single=$(start single $(pod_of shop single-1 web))
	sandbox=$(start sandbox $(sandbox_of single-1))
	sandbox_of_two=$(start sandbox-of-two $(sandbox_of $pod))
}
ask "a sandbox" "$single" \
	"{container_id: \"$sandbox\", container_name: \"$sandbox\"}"
ask "a sandbox by name" "$sandbox" \
	"{container_id: \"$sandbox\", pod: \"single-1\", container: \"POD\"}"
ask "the sandbox of two" ambiguous "{container_id: \"$sandbox_of_two\"}"

# By its id.
ask "upper-case digits" "$web" "{container_id: \"docker://${web^^}\"}"
ask "63 digits" unknown "{container_id: \"${web:0:63}\"}"
ask "an id of nobody" unknown '{container_id: "0123456789ab"}'
ask "an id, and no pod where there is none" "$plain" \
	"{container_id: \"${plain:0:12}\", pod: \"x\", namespace: \"y\"}"
start "${web:0:12}" >/dev/null
ask "an id that another is called" "$web" "{container_id: \"${web:0:12}\"}"
start 0123456789ab >/dev/null
ask "an id that only a name is" unknown '{container_id: "0123456789ab"}'
stopped=$(start stopped)
docker_in "$dir" kill stopped >/dev/null
ask "an id of one that ended" unknown "{container_id: \"$stopped\"}"

# What contradicts.
for wrong in 'pod: "web-6c9f7d5b8-other"' 'namespace: "prod"' \
	'pod_uid: "1"' 'container_name: "db"' 'image: "docker.io/library/nginx"' \
	'pod: "x", container: "other"'; do
	ask "an id and $wrong" ambiguous "{container_id: \"$web\", $wrong}"
done
ask "an image of another registry" "$web" \
	"{container_id: \"$web\", image: \"mirror:5000/web@sha256:00\"}"
ask "an image's digest" "$web" \
	"{container_id: \"$web\", image: \"sha256:0123456789abcdef\"}"

# By its process.
now=$(date -u +%Y-%m-%dT%H:%M:%SZ)
ask "a process" "$web" "{pid: $child}" "$now"
ask "a process without a time" "$web" "{pid: $child}"
ask "a process that came later" gone "{pid: $child}" 2026-01-01T00:00:00Z
ask "a process that ended" gone '{pid: 2147483647}' "$now"
ask "a process that ended in a pod" "$web" \
	"{pid: 2147483647, pod: \"$pod\", namespace: \"shop\", container: \"web\"}"
ask "process 1" host '{pid: 1}' "$now"
ask "a process of the node" host "{pid: $$}" "$now"
ask "a thread of the kernel" host '{pid: 2}' "$now"
ask "a process of another container" ambiguous \
	"{pid: $child, container_name: \"plain\"}" "$now"

# By its names.
ask "a container of a pod" "$web" \
	"{namespace: \"shop\", pod: \"$pod\", container: \"web\"}"
ask "a container of a pod, by its other name" "$other" \
	"{namespace: \"shop\", pod: \"$pod\", container_name: \"other\"}"
ask "a pod without its namespace" "$other" \
	"{pod: \"$pod\", container: \"other\"}"
ask "a pod of two" ambiguous "{namespace: \"shop\", pod: \"$pod\"}"
jq -nc "{schema: \"firn.alert/v1\",
	target: {namespace: \"shop\", pod: \"$pod\"}}" | "$find" |
	jq -e --arg a "$web" --arg b "$other" \
		'.why.candidates | sort == ([$a, $b] | sort)' >/dev/null ||
	fail "an ambiguous alert does not name both candidates"
ask "a pod of nobody" unknown '{namespace: "shop", pod: "web"}'
ask "a pod as a path" unknown '{namespace: "shop/x", pod: "../y"}'
ask "a name" "$plain" '{container_name: "plain"}'
ask "a name as a scheme" unknown "{container_name: \"pid:$pid\"}"
ask "a name of nobody" unknown '{container_name: "nobody"}'
ask "a name that is the beginning of an id" unknown \
	"{container_name: \"${web:0:10}\"}"
ask "nothing at all" "no container named" '{}'
ask "a pod that the cluster needs" protected "{container_id: \"$dns\"}"

# Other engines.
podman_image_import "$dir" "$dir/rootfs" localhost/web
pod_id=$(podman_run "$dir" --name firn-alert localhost/web sleep 1000) ||
	fail "podman"
ask "podman's" "$pod_id" "{container_id: \"${pod_id:0:12}\"}"
ask "podman's, by its process" "$pod_id" \
	"{pid: $(podman_in "$dir" inspect -f '{{.State.Pid}}' firn-alert)}"
oci_bundle "$dir/bundle" "$dir/rootfs" &&
	(cd "$dir/bundle" && runc run -d "$custom" >/dev/null 2>&1 </dev/null)
ask "runc's, by its process" "$custom" \
	"{pid: $(runc state "$custom" | jq .pid)}"
ask "runc's, by its name" "$custom" "{container_name: \"$custom\"}"

[ $failed = 0 ] && echo "$n samples, and what else an alert can say"
exit $failed
