#!/bin/bash
# From the last byte of an alert to a container that stands still.
#
#	bench/response.sh [-n ROUNDS] [-c CONTAINERS] [-l LOAD] [-f FIRN]
#
# Makes CONTAINERS (100), which sleep, with runc in a network namespace of its
# own, with a policy, a playbook (cut, freeze, keep frozen) and a spool of its own,
# starts `firn listen`, and sends ROUNDS (300) alerts over HTTPS while LOAD (100) others
# a second come in.  /run/firn is a tmpfs, as /run is on a node; the rest is on
# the disk of /var/tmp.  Needs root.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
rounds=300 containers=100 load=100 firn=
while getopts n:c:l:f: option; do
	case $option in
	n) rounds=$OPTARG ;;
	c) containers=$OPTARG ;;
	l) load=$OPTARG ;;
	f) firn=$(readlink -f "$OPTARG") ;;
	*) exit 2 ;;
	esac
done
for path in "$here/../build/firn" "$here/../build-gcc/firn" \
	"$here/../build-dev/firn"; do
	if [ -z "$firn" ] && [ -x "$path" ]; then firn=$path; fi
done
[ -n "$firn" ] || {
	echo "no firn: build it with cmake --preset release" >&2
	exit 2
}
[ "${FIRN_BENCH_INSIDE-}" = 1 ] ||
	FIRN_BENCH_INSIDE=1 exec unshare --mount --net bash "$0" -n "$rounds" \
		-c "$containers" -l "$load" -f "$firn"

work=$(mktemp -d /var/tmp/firn-bench-XXXXXX)
port=2801 listen_pid='' ids=() watched=()
export RUNC_ROOT=/run/runc
ip link set lo up
mkdir -p /run/firn /etc/firn /var/lib/firn /var/spool/firn
mount -t tmpfs -o mode=0700 tmpfs /run/firn
mkdir -p "$work/etc" "$work/lib" "$work/spool"
mount --bind "$work/etc" /etc/firn
mount --bind "$work/lib" /var/lib/firn
mount --bind "$work/spool" /var/spool/firn

clean_up() {
	[ -z "$listen_pid" ] || kill "$listen_pid" 2>/dev/null || true
	for id in "${ids[@]}"; do
		"$firn" release -q "$id" >/dev/null 2>&1 || true
		"$firn" thaw -q "$id" >/dev/null 2>&1 || true
		runc --root "$RUNC_ROOT" delete -f "$id" 2>/dev/null || true
	done
	umount /etc/firn /var/lib/firn /var/spool/firn
	rm -rf "$work"
}
trap clean_up EXIT

make_bundle() {
	mkdir -p "$work/rootfs/bin" "$work/rootfs/proc" "$work/rootfs/dev" \
		"$work/rootfs/sys"
	cp "$(command -v busybox)" "$work/rootfs/bin/busybox"
	ln -s busybox "$work/rootfs/bin/sh"
	(cd "$work" && runc spec)
	jq '.process.terminal = false | .process.args = ["/bin/sh", "-c",
		"busybox sleep 100000 & busybox sleep 100000"]' \
		"$work/config.json" >"$work/config.new"
	mv "$work/config.new" "$work/config.json"
}

# What says that the container stands still.
freezer_of() { # PID
	local v1 v2

	v1=$(sed -n 's/^[0-9]*:freezer://p' "/proc/$1/cgroup")
	v2=$(sed -n 's/^0:://p' "/proc/$1/cgroup")
	if [ -n "$v1" ]; then
		echo "/sys/fs/cgroup/freezer$v1/freezer.state"
	else
		echo "/sys/fs/cgroup$v2/cgroup.events"
	fi
}

run_container() { # ID
	runc --root "$RUNC_ROOT" run -d --bundle "$work" "$1" \
		</dev/null >"$work/container.log" 2>&1
	watched+=("$1:$(freezer_of "$(runc --root "$RUNC_ROOT" state "$1" |
		jq .pid)")")
}

make_policy() {
	openssl rand -hex 32 >"$work/etc/bench.token"
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes \
		-days 2 -subj /CN=localhost -addext subjectAltName=IP:127.0.0.1 \
		-keyout "$work/etc/listen.key" -out "$work/etc/listen.crt" \
		2>/dev/null
	cat >"$work/etc/policy.yaml" <<-EOF
		sources:
		  - name: bench
		    bearer: {file: /etc/firn/bench.token}
		    may: [freeze, isolate]
		    rate: 1000000
		listen:
		  addresses: ["127.0.0.1:$port"]
		  certificate: /etc/firn/listen.crt
		  key: /etc/firn/listen.key
	EOF
	mkdir "$work/etc/playbooks"
	cat >"$work/etc/playbooks/bench.yaml" <<-EOF
		playbook: bench
		version: 1
		description: Cut, freeze, and leave it so.
		match:
		  - rule: bench_response
		steps:
		  - isolate: {}
		  - freeze: {}
		  - then: keep-frozen
	EOF
	chmod -R go-rwx "$work/etc"
}

listens() { (: <"/dev/tcp/127.0.0.1/$port") 2>/dev/null; }

make_bundle
make_policy
for ((i = 0; i < containers; i++)); do
	id=$(echo "$$-$i" | sha256sum | cut -c1-64)
	ids+=("$id")
	run_container "$id"
done
"$firn" listen >"$work/listen.log" 2>&1 &
listen_pid=$!
for ((i = 0; i < 100; i++)); do
	listens && break
	sleep 0.1
done
listens || { cat "$work/listen.log" >&2; exit 1; }
"${firn%/*}/bench_response" "$port" "$work/etc/listen.crt" "$work/etc/bench.token" \
	"$rounds" "$load" "$firn" "${watched[@]}" || {
	tail -20 "$work/listen.log" >&2
	exit 1
}
