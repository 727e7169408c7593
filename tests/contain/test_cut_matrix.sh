#!/bin/bash
# What isolate cuts, on real containers with a peer in another network namespace
# that counts what arrives: every kind of network, of traffic, both families,
# both ways.  Then root with CAP_NET_ADMIN tries to undo it; then release, after
# which everything flows again, no byte of an established connection is lost, and
# the node is as it was.  Usage: test_cut_matrix.sh FIRN TRAFFIC
set -u
firn=$1 traffic=$2
# shellcheck source=tests/engines.sh
. "$(dirname "$0")/../engines.sh"
engine_need docker containerd runc ip tc nft jq nsenter setpriv
dir=$(mktemp -d /tmp/firn-matrix.XXXXXX)
node=firn-node-$$ peer=firn-peer-$$ third=firn-third-$$ box=firn-box-$$
failed=0

fail() {
	echo "FAILED: $*"
	failed=1
}

end() {
	for peer_pid in ${peer_pids-}; do kill "$peer_pid" 2>/dev/null; done
	for name in $(docker_in "$dir" ps -q 2>/dev/null); do
		"$firn" release "$name" >/dev/null 2>&1
	done
	engine_stop "$dir"
	ip netns del "$node" 2>/dev/null
	ip netns del "$peer" 2>/dev/null
	ip netns del "$third" 2>/dev/null
	for id in ${ids-}; do rm -f "/run/firn/ledger/$id.jsonl"; done
}
trap end EXIT

at_node() { nsenter "--net=/run/netns/$node" -- "$@"; }
at_peer() { nsenter "--net=/run/netns/$peer" -- "$@"; }

# --- the node, its containers' bridge, and the peer on the other side of it ---
make_networks() {
	ip netns add "$node" && ip netns add "$peer" &&
		ip netns add "$third" || return 1
	at_node ip link set lo up
	at_peer ip link set lo up
	at_node ip link add firnbr0 type bridge forward_delay 0
	at_node ip link add up0 type veth peer name peer0 netns "$peer"
	at_node ip link set up0 master firnbr0
	at_node ip link set up0 up
	at_node ip link set firnbr0 up
	at_node ip addr add 10.77.0.1/24 dev firnbr0
	at_peer ip link set peer0 up
	at_peer ip addr add 10.77.0.254/24 dev peer0
	at_peer ip addr add fd77::2/64 dev peer0 nodad
}

# start_peer NETNS INTERFACE -- its counts are what the rows look at from then on.
start_peer() {
	heard=$dir/seen/$2
	nsenter "--net=/run/netns/$1" -- "$traffic" peer "$heard" "$2" &
	peer_pids="${peer_pids-} $!"
}

# third_peer INTERFACE -- in the third namespace; the one before it ends.
third_peer() {
	[ -z "${third_pid-}" ] || { kill "$third_pid" && wait "$third_pid"; }
	ip -n "$third" link set "$1" up
	ip -n "$third" addr add 10.77.0.254/24 dev "$1"
	ip -n "$third" addr add fd77::2/64 dev "$1" nodad
	start_peer "$third" "$1"
	third_pid=$!
}

# run_box NAME TAG INTERFACE DOCKER-OPTION... -- a container that talks to the
# peer; prints nothing, sets $id and $pid.
run_box() {
	name=$1 tag=$2 interface=$3
	shift 3
	id=$(docker_in "$dir" run -d --name "$box-$name" -v "$dir/seen:/seen" \
		"$@" firn/box "${through[@]}" /traffic box "/seen/$tag" "$tag" "$interface" \
		10.77.0.254 fd77::2) || fail "docker run $name"
	ids="${ids-} $id"
	pid=$(docker_in "$dir" inspect -f '{{.State.Pid}}' "$box-$name")
}

through=()

in_box() { nsenter "--net=/proc/$pid/ns/net" -- "$@"; }

# Docker gives it IPv4; IPv6 is given here.
give_ipv6() {
	in_box sh -c 'echo 0 >/proc/sys/net/ipv6/conf/eth0/disable_ipv6'
	in_box ip addr add "$1/64" dev eth0 nodad
}

give_addresses() {
	in_box ip link set eth0 up
	in_box ip addr add 10.77.0.17/24 dev eth0
	give_ipv6 fd77::17
}

sent='tcp4 tcp6 new4 new6 udp4 udp6 ping4 ping6 raw bypass'
came='stream4 stream6 new4 new6 udp4 udp6'
all_ways() { # TAG
	"$traffic" flows "$heard" "$1" 20000 $sent stream4 stream6 &&
		"$traffic" flows "$dir/seen/$1" "$1" 20000 $came
}

# silent TAG SINCE SENT CAME -- nothing of these later than 10 ms after; what the
# box reads from its sockets has no time of the kernel's, and gets 100.
silent() {
	"$traffic" quiet "$heard" "$1" $(($2 + 10000000)) 400 $3 &&
		"$traffic" quiet "$dir/seen/$1" "$1" $(($2 + 100000000)) 1 $4
}

# Are addresses there for good, and not only on trial?
settled() {
	! { at_node ip addr && in_box ip addr; } | grep -q tentative
}

# All that could show what isolate changed, in both namespaces.
picture() {
	for at in at_node in_box; do
		$at ip -d link
		$at ip addr
		$at ip route show table all
		$at ip -6 route show table all
		$at tc qdisc
		$at nft list ruleset
		$at "$traffic" programs
	done 2>/dev/null | sed 's/\(hello\|tcn\|topology_change\|gc\)_timer *[0-9.]*//g'
	find /sys/fs/bpf/firn /run/firn/bpf 2>/dev/null | grep -F "$id"
}

# let_through METHOD -- with one port allowed, that flows and nothing else.
let_through() {
	isolate --allow "10.77.0.254:70${tag}3"
	used "$1" ''
	rest=$("$traffic" flows "$heard" "$tag" 3000 udp4) ||
		fail "$name: --allow lets nothing through:$rest"
	rest=$(silent "$tag" "$since" \
		'tcp4 tcp6 new4 new6 udp6 ping4 ping6 raw' 'stream4 stream6') ||
		fail "$name: --allow lets more through:$rest"
	release
}

# What root inside could try, with what lets it change its network.
as_root_inside() {
	in_box setpriv --bounding-set=-all,+net_admin,+net_raw -- "$@" \
		>/dev/null 2>&1
}

try_to_undo() {
	as_root_inside nft flush ruleset
	for interface in $(in_box ls /proc/sys/net/ipv4/conf); do
		as_root_inside tc qdisc replace dev "$interface" clsact
		as_root_inside tc filter del dev "$interface" egress
		as_root_inside tc filter del dev "$interface" ingress
		as_root_inside tc qdisc del dev "$interface" clsact
		as_root_inside ip link set dev "$interface" xdpgeneric off
		as_root_inside ip link set dev "$interface" xdp off
	done
}

isolate() { # OPTION... -- of $id; sets $since and $said
	said=$(at_node "$firn" isolate --json "$@" "$id" 2>"$dir/err")
	isolated=$?
	since=$(date +%s%N)
	[ $isolated -eq 0 ] || [ $isolated -eq 3 ] ||
		fail "$name: isolate: $(cat "$dir/err")"
	jq -e '[.isolate.methods[].verified] | all' <<<"$said" >/dev/null ||
		fail "$name: not verified: $(jq -c .isolate <<<"$said")"
	[ "$(jq -c .isolate.not_used <<<"$said")" = '[]' ] ||
		fail "$name: not used: $(jq -c .isolate.not_used <<<"$said")"
}

used() { # METHOD ON
	jq -e --arg method "$1" --arg on "$2" '.isolate.methods | map(select(
		.method == $method and (.on | contains($on)))) | length > 0' \
		<<<"$said" >/dev/null || fail "$name: no $1 on $2: $said"
}

is_open() { # TEXT, or '' for nothing
	if [ -z "$1" ]; then
		[ "$(jq -r .isolate.state <<<"$said")" = isolated ] &&
			[ "$(jq -c .isolate.open <<<"$said")" = '[]' ] && return
	else
		jq -r '.isolate.open[]' <<<"$said" | grep -qF -- "$1" && return
	fi
	fail "$name: open is not '$1': $(jq -c .isolate.open <<<"$said")"
}

release() {
	at_node "$firn" release "$id" >/dev/null 2>"$dir/err" ||
		fail "$name: release: $(cat "$dir/err")"
	rest=$(all_ways "$tag") || fail "$name: after release:$rest don't flow"
	picture >"$dir/after"
	diff "$dir/before" "$dir/after" >"$dir/diff" ||
		fail "$name: not as it was: $(cut -c1-200 "$dir/diff")"
	for file in "$heard" "$dir/seen/$tag"; do
		[ "$("$traffic" count "$file" "$tag" broken)" = 0 ] ||
			fail "$name: an established connection lost something"
	done
}

# cut_box SENT CAME OPTION... -- isolate the box, and see these kinds stop and stay so.
cut_box() {
	sent_kinds=$1 came_kinds=$2
	shift 2
	rest=$(all_ways "$tag") || fail "$name: at first:$rest don't flow"
	try_to_undo # what it changes of its own is no difference
	engine_wait 10 settled
	picture >"$dir/before"
	isolate "$@"
	rest=$(silent "$tag" "$since" "$sent_kinds" "$came_kinds") ||
		fail "$name: still there:$rest"
	try_to_undo
	rest=$(silent "$tag" "$since" "$sent_kinds" "$came_kinds") ||
		fail "$name: undone from inside:$rest"
}

forget() {
	docker_in "$dir" rm -f "$box-$1" >/dev/null 2>&1
}

make_networks || exit 1
for kind in macvlan ipvlan; do
	at_node ip link add firntry link up0 type $kind 2>/dev/null &&
		at_node ip link del firntry && eval "has_$kind=1" && continue
	echo "skipped: $kind: this kernel can't make one"
done
make_rootfs "$dir/rootfs" && cp "$traffic" "$dir/rootfs/traffic" || exit 1
mkdir "$dir/seen"
engine_within="nsenter --net=/run/netns/$node --"
engine_docker_start "$dir" overlay2 firnbr0 || exit 1
docker_image_import "$dir" "$dir/rootfs" firn/box
# Docker has switched IPv6 off there.
at_node sh -c 'echo 0 >/proc/sys/net/ipv6/conf/firnbr0/disable_ipv6'
at_node ip addr add fd77::1/64 dev firnbr0 nodad
start_peer "$peer" peer0

# --- bridge: the host's end of a veth ----------------------------------------
run_box bridge 1 eth0
give_ipv6 fd77::11
cut_box "$sent pong4 pong6" "$came frame"
used cgroup-bpf "$id"
used tcx veth
is_open ''
release
echo "bridge: ok"

# loopback_is_open -- for a process of the box: it listens there.
loopback_is_open() {
	echo | docker_in "$dir" exec -i "$box-bridge" timeout 2 \
		nc -w 1 127.0.0.1 7015 >/dev/null 2>&1
}
isolate
loopback_is_open || fail "bridge: loopback is cut, unasked"
release
isolate --loopback
loopback_is_open && fail "bridge: loopback is not cut"
release
forget bridge

# --- host: only its own sockets, on each interface of the node ----------------
run_box host 2 firnbr0 --network host
in_host=$came
cut_box "${sent/ bypass/}" "$in_host"
used cgroup-bpf "$id"
used tcx-cgroup firnbr0
used tcx-cgroup up0
is_open "frames that its packet sockets receive"
at_node busybox ping -c 1 -W 1 10.77.0.254 >/dev/null ||
	fail "host: the node itself is cut"
release
let_through tcx-cgroup
forget host
echo "host: ok"

# --- shared: one of two in a namespace, then both -----------------------------
run_box keeper 4 eth0
give_ipv6 fd77::14
rest=$(all_ways 4) || fail "keeper: at first:$rest don't flow"
run_box shared 5 eth0 --network "container:$box-keeper"
cut_box "$sent" "$came"
used tcx-cgroup veth
is_open "frames that its packet sockets receive"
[ "$(jq -r '.isolate.shared_with[].name' <<<"$said")" = "$box-keeper" ] ||
	fail "shared: with $(jq -c .isolate.shared_with <<<"$said")"
rest=$(all_ways 4) || fail "shared: the other one is cut too:$rest"
release
cut_box "$sent pong4 pong6" "$came frame" --pod
used tcx veth
is_open ''
[ "$(jq '[.isolate.methods[] | select(.method == "cgroup-bpf")] | length' \
	<<<"$said")" = 2 ] || fail "pod: not both cgroups: $said"
rest=$(silent 4 "$since" "$sent" "$came frame") ||
	fail "pod: of the other one:$rest"
release
rest=$(all_ways 4) || fail "pod: of the other one, after:$rest don't flow"
forget shared
forget keeper
echo "shared, and --pod: ok"

# --- a process of it that made a network namespace of its own -----------------
through=(sh -c 'unshare -n "$@" & exec sleep 1000' sh)
run_box elsewhere 6 eth0 --cap-add SYS_ADMIN
through=()
main=$pid
engine_wait 5 test -n "$(cat "/proc/$main/task/$main/children")"
pid=$(tr -d ' ' <"/proc/$main/task/$main/children")
at_node ip link add else0 type veth peer name eth0 netns "$pid"
at_node ip link set else0 master firnbr0
at_node ip link set else0 up
in_box ip link set lo up
in_box ip link set eth0 up
in_box ip addr add 10.77.0.66/24 dev eth0
give_ipv6 fd77::16
cut_box "$sent pong4 pong6" "$came frame"
used tcx else0
used tcx veth
is_open ''
release
forget elsewhere
echo "elsewhere: ok"

# --- a socket that it left in one that nobody lives in any more ----------------
name='hidden'
id=$(docker_in "$dir" run -d --name "$box-hidden" --cap-add SYS_ADMIN \
	--network none firn/box /traffic hold hid1)
ids="$ids $id"
pid=$(docker_in "$dir" inspect -f '{{.State.Pid}}' "$box-hidden")
outside() { [ "$(readlink "/proc/$pid/ns/net")" != "$first" ]; }
back() { [ "$(readlink "/proc/$pid/ns/net")" = "$first" ]; }
first=$(docker_in "$dir" inspect -f '{{.NetworkSettings.SandboxKey}}' \
	"$box-hidden")
first="net:[$(stat -L -c %i "$first")]"
engine_wait 5 outside || fail "hidden: it made no namespace"
at_node ip link add hid0 type veth peer name hid1 netns "$pid"
engine_wait 5 back || fail "hidden: it didn't come back"
isolate
used tcx hid0
is_open ''
at_node "$firn" release "$id" >/dev/null || fail "hidden: release"
forget hidden
echo "hidden: ok"

# --- none, with an interface that has no end on the node -----------------------
run_box none 7 eth0 --network none
isolate
used cgroup-bpf "$id"
is_open ''
at_node "$firn" release "$id" >/dev/null || fail "none: release"
nsenter "--net=/run/netns/$third" -- \
	ip link add far0 type veth peer name eth0 netns "$pid"
third_peer far0
give_addresses
cut_box "${sent/ bypass/} pong4 pong6" "$came frame"
used tcx-inside eth0
is_open "PACKET_QDISC_BYPASS"
release
let_through tcx-inside
# Undone by the ledger alone, when its namespace has gone with it.
isolate
used tcx-inside eth0
forget none
at_node "$firn" release "$id" >/dev/null || fail "none: release of what is gone"
[ -z "$(find /sys/fs/bpf/firn /run/firn/bpf 2>/dev/null | grep -F "$id")" ] ||
	fail "none: pins are left of what is gone"
echo "none, and an interface with no end here: ok"

# --- macvlan and ipvlan: inside, and on the card below --------------------------
tag=8
for kind in macvlan ipvlan; do
	has=has_$kind
	[ -n "${!has-}" ] || continue
	run_box $kind $tag eth0 --network none
	at_node ip link add below0 type veth peer name far0 netns "$third"
	at_node ip link set below0 up
	at_node ip link add link below0 name firntry type $kind
	at_node ip link set firntry netns "$pid" name eth0
	third_peer far0
	give_addresses
	cut_box "$sent" "$came frame"
	used tcx-inside eth0
	used tcx-cgroup below0
	is_open ''
	release
	forget $kind
	at_node ip link del below0
	echo "$kind: ok"
	tag=9
done

# --- what a container may do to the host's network is said ---------------------
name='admin'
id=$(docker_in "$dir" run -d --name "$box-admin" --cap-add NET_ADMIN firn/box \
	sleep 1000)
ids="$ids $id"
isolate
is_open "CAP_NET_ADMIN in the host's user namespace"
at_node "$firn" release "$id" >/dev/null || fail "admin: release"
forget admin

[ $failed -eq 0 ] && echo "all rows: nothing passed, all came back"
exit $failed
