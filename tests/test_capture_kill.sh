#!/bin/bash
# Containers that are killed, removed, stopped and thawed while they are
# captured: the archive is whole all the same, and after it they are as dead as
# was asked.  Usage: test_capture_kill.sh FIRN hybrid|v2
set -u
# shellcheck source=tests/engines.sh
. "$(dirname "$0")/engines.sh"
engine_need docker dockerd containerd runc jq zstd busybox

if [ "$2" = v2 ]; then
	exec unshare -m bash -c 'umount -R -l /sys/fs/cgroup
		mount -t cgroup2 cgroup2 /sys/fs/cgroup || exit 77
		exec "$@"' bash "$0" "$1" v2-inside
fi

firn=$1 kind=$2
dir=$(mktemp -d /tmp/firn-capture-kill.XXXXXX)
prefix=firn-kill-$$
failed=0
names=

cleanup() {
	local name
	touch "$dir/go"
	for name in $names; do
		"$firn" thaw "$name" >/dev/null 2>&1
	done
	while read -r name; do
		rm -f "/run/firn/ledger/$name.jsonl"
	done <"$dir/ids"
	engine_stop "$dir"
}
trap cleanup EXIT

fail() {
	echo "FAILED: $*"
	failed=1
}

# A first process and three more, each with an unlinked file that only its
# descriptor still holds: enough to fill a pipe that nobody reads.
script='cd /tmp; mkfifo fifo; for i in 1 2 3; do
	head -c 8000000 /dev/urandom >f$i
	sh -c "exec 3<f$i; rm f$i; read x </tmp/fifo" & done
	head -c 16000000 /dev/urandom >f0; exec 3<f0; rm f0
	touch /tmp/ready; read x </tmp/fifo'

make_rootfs "$dir/rootfs" && engine_docker_start "$dir" &&
	docker_image_import "$dir" "$dir/rootfs" firn/busybox || exit 1

pid_of() {
	docker_in "$dir" inspect -f '{{.State.Pid}}' "$1"
}

run() {
	names="$names $1"
	docker_in "$dir" run -d --name "$1" --network none firn/busybox \
		sh -c "$script" >>"$dir/ids" &&
		engine_wait 20 docker_in "$dir" exec "$1" test -e /tmp/ready
}

is_traced() {
	! grep -q '^TracerPid:.0$' "/proc/$1/status"
}

has_memory() {
	[ "$(head -c 1 "/proc/$1/maps" 2>/dev/null | wc -c)" = 1 ]
}

ended() {
	[ ! -d "/proc/$1" ] || grep -q '^State:.[ZX]' "/proc/$1/status"
}

# captured NAME [OPTION...] -- capture it into a pipe that nobody reads until
# the file "go" is there; returns once its tasks are held.
captured() {
	captured_name=$1
	shift
	rm -f "$dir/go" "$dir/archive" "$dir/status"
	(
		"$firn" capture -o - --only processes "$@" "$captured_name" \
			2>"$dir/said"
		echo $? >"$dir/status"
	) | (
		while [ ! -e "$dir/go" ]; do sleep 0.1; done
		cat >"$dir/archive.firn.tar.zst"
	) &
	capture=$!
	engine_wait 10 is_traced "$pid" || fail "$captured_name: not held"
	sleep 0.5
}

# whole WHAT -- let the capture go on, and look at what it has.
whole() {
	touch "$dir/go"
	wait "$capture"
	"$firn" verify "$dir/archive.firn.tar.zst" >"$dir/out" 2>&1 ||
		fail "$1: verify: $(cat "$dir/out")"
	rm -rf "$dir/lab" && mkdir "$dir/lab" &&
		tar --zstd -C "$dir/lab" -xf "$dir/archive.firn.tar.zst" &&
		mv "$dir"/lab/*/* "$dir/lab/"
	for whole_pid in $pids; do
		for whole_file in maps status fd.json; do
			[ -s "$dir/lab/data/processes/$whole_pid/$whole_file" ] ||
				fail "$1: $whole_pid/$whole_file is not there"
		done
		compgen -G "$dir/lab/data/processes/$whole_pid/fd-[0-9]*" \
			>/dev/null ||
			fail "$1: the held file of $whole_pid is not there"
	done
	jq -e -s 'all(.exe.sha256 != null and
		(.findings | index("traced")) == null and
		.tracer.firn == true)' \
		"$dir/lab/data/processes/processes.jsonl" >/dev/null ||
		fail "$1: $(jq -c '[.pid, .exe.sha256, .findings, .tracer]' \
			"$dir/lab/data/processes/processes.jsonl")"
}

# killed WHAT COMMAND... -- as above, with a kill in the middle; {} is the name.
killed() {
	killed_what=$1 name=$prefix-$1
	shift
	run "$name" || { fail "docker run $name"; return; }
	pid=$(pid_of "$name")
	pids="$pid $(cat "/proc/$pid/task/$pid/children")"
	[ "$(echo "$pids" | wc -w)" = 4 ] || fail "$name: processes $pids"
	captured "$name" "${options[@]}"
	timeout 120 "${@//\{\}/$name}" >/dev/null 2>&1 &
	killer=$!
	sleep "$waits"
	has_memory "$pid" || fail "$killed_what: it died meanwhile"
	whole "$killed_what"
	# v1 puts the kill off until it's thawed; what runc thaws for it, firn
	# freezes again, and that is told.
	if [ "$kind" != hybrid ]; then
		jq -s -e 'any(.[]; .action == "kill" and
			.details.pid == '"$pid"')' \
			"$dir/lab/data/containment.jsonl" >/dev/null ||
			fail "$killed_what: containment.jsonl has no kill"
		grep -q "ALARM: process $pid .* was killed meanwhile" \
			"$dir/said" || fail "$killed_what: $(cat "$dir/said")"
	fi
	engine_wait 15 ended "$pid" || fail "$killed_what: it lives on"
	wait $killer
	docker_in "$dir" rm -f "$name" >/dev/null 2>&1
}

options=() waits=1
docker=(docker -H "unix://$dir/docker/sock")
killed kill "${docker[@]}" kill '{}'
killed rm "${docker[@]}" rm -f '{}'
waits=2.5
killed stop "${docker[@]}" stop -t 1 '{}'
waits=1
kill_first() {
	kill -9 "$(pid_of "$1")"
}
kill_cgroup() {
	find /sys/fs/cgroup -path "*$(docker_in "$dir" inspect -f '{{.Id}}' \
		"$1")/cgroup.kill" -exec sh -c 'echo 1 >"$1"' sh {} \;
}
export -f kill_first kill_cgroup pid_of docker_in
export dir
killed kill-9 bash -c 'kill_first "$1"' bash '{}'
killed cgroup-kill bash -c 'kill_cgroup "$1"' bash '{}'
options=(--hold)
killed kill-of-a-held-one "${docker[@]}" kill '{}'

# firn itself is killed: the kill completes, and the ledger puts the rest right.
options=()
name=$prefix-firn
run "$name" || fail "docker run $name"
pid=$(pid_of "$name")
captured "$name"
timeout 60 "${docker[@]}" kill "$name" >/dev/null 2>&1 &
killer=$!
sleep 1
has_memory "$pid" || fail "firn killed: it died before"
for process in /proc/[0-9]*; do
	[ "$(readlink "$process/exe")" = "$(readlink -f "$firn")" ] &&
		[ "$(cat "$process/comm")" = firn ] &&
		tr '\0' ' ' <"$process/cmdline" | grep -q " $name " &&
		kill -9 "${process#/proc/}"
done 2>/dev/null
touch "$dir/go"
wait "$capture"
"$firn" thaw "$name" >/dev/null 2>&1
engine_wait 15 ended "$pid" || fail "firn killed: the kill didn't complete"
wait $killer

# Somebody thaws it in the middle.
name=$prefix-thaw
run "$name" || fail "docker run $name"
pid=$(pid_of "$name")
pids="$pid $(cat "/proc/$pid/task/$pid/children")"
cat >"$dir/thaw_files" <<'EOF'
#!/bin/bash
while read -r file; do
	case $file in
	*cgroup.freeze) echo 0 >"$file" ;;
	*freezer.state) echo THAWED >"$file" ;;
	esac
done
sleep 0.5 # for firn to see who it was
EOF
chmod +x "$dir/thaw_files"
thaw_files() {
	"$firn" freeze --dry-run --json "$1" |
		jq -r '.would_write[] | split(" to ")[1]' |
		"$dir/thaw_files"
}
captured "$name"
thaw_files "$name"
sleep 0.5
whole "thaw"
[ "$(cat "$dir/status")" = 3 ] || fail "thaw: status $(cat "$dir/status")"
grep -q 'ALARM: its v. freezer was thawed meanwhile, by thaw_files .*frozen again' \
	"$dir/said" || fail "thaw: $(cat "$dir/said")"
jq -s -e 'any(.[]; .action == "thaw" and .phase == "seen" and
	.details.by.comm == "thaw_files" and .details.refrozen)' \
	"$dir/lab/data/containment.jsonl" >/dev/null ||
	fail "thaw: containment.jsonl doesn't tell: $(grep '"thaw"' \
		"$dir/lab/data/containment.jsonl")"
grep -q 'thawed meanwhile by thaw_files' "$dir/lab/data/gaps.jsonl" ||
	fail "thaw: no gap"
# Marked from there on, if it has run at all before it was frozen again.
if jq -e 'select(.action == "thaw") | .details.ran' \
	"$dir/lab/data/containment.jsonl" | grep -q true; then
	jq -e '(.members | map(.frozen)) as $frozen | ($frozen | index(false)) as
		$first | $first != null and $first > 0 and
		($frozen[$first:] | all(not))' "$dir/lab/data/manifest.json" \
		>/dev/null || fail "thaw: the marks in manifest.json"
fi
captured "$name" --no-refreeze
thaw_files "$name"
sleep 0.5
whole "thaw, not frozen again"
jq -e '(.members | map(.frozen)) as $frozen | ($frozen | index(false)) as
	$first | $first != null and $first > 0 and ($frozen[$first:] | all(not))' \
	"$dir/lab/data/manifest.json" >/dev/null ||
	fail "not frozen again: the marks in manifest.json"

# --max-freeze: what others thaw is frozen again, what the keeper thaws is not.
captured "$name" --max-freeze 10m
thaw_files "$name"
sleep 0.5
whole "thaw before --max-freeze"
grep -q 'thawed meanwhile, by thaw_files .*frozen again' "$dir/said" ||
	fail "thaw before --max-freeze: $(cat "$dir/said")"
captured "$name" --max-freeze 3s
runs() {
	"$firn" list --json | jq -e --arg name "$1" '.containers[] |
		select(.name == $name) | .state == "running"'
}
engine_wait 20 runs "$name" || fail "--max-freeze: it isn't thawed"
whole "--max-freeze"
grep 'thawed meanwhile, by firn-keeper' "$dir/said" >"$dir/told" ||
	fail "--max-freeze: no thaw by the keeper: $(cat "$dir/said")"
grep 'frozen again' "$dir/told" &&
	fail "--max-freeze: the keeper's thaw was undone"

[ $failed -eq 0 ] && echo "killed, stopped, removed, thawed: captured whole"
exit $failed
