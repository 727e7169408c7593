#!/bin/bash
# --dry-run says what would be done and does nothing, by what the kernel is
# asked; and a person at a terminal is told what a name was resolved to, first.
#
#	test_dry_run.sh FIRN

firn=$1
# shellcheck source=/dev/null
. "$(dirname "$0")/engines.sh"
engine_need runc jq busybox strace script

dir=$(mktemp -d /tmp/firn-dry.XXXXXX)
name=firn-dry-$$
failed=0
# The leak checker can't work under strace.
export ASAN_OPTIONS=detect_leaks=0

stop() {
	"$firn" thaw -q "$name" >/dev/null 2>&1
	runc delete -f "$name" 2>/dev/null
	rm -rf "$dir"
	rm -f "/run/firn/ledger/$name.jsonl"
}
trap stop EXIT

ok() {
	echo "ok: $1"
}

fail() {
	echo "FAILED: $1"
	failed=1
}

changing=mkdir,mkdirat,mknod,mknodat,unlink,unlinkat,rmdir,rename,renameat
changing=$changing,renameat2,link,linkat,symlink,symlinkat,truncate,ftruncate
changing=$changing,mount,umount2,bpf,kill,tgkill,ptrace,chmod,fchmod,chown
changing=$changing,fallocate,fsync,fdatasync

# writes COMMAND... -- what it asked of the kernel that changes something.
writes() {
	strace -f -qq -e signal=none -o "$dir/trace" \
		-e "trace=open,openat,openat2,creat,$changing" \
		"$@" >"$dir/out" 2>"$dir/err" </dev/null
	grep -E 'O_WRONLY|O_RDWR|O_CREAT|O_TRUNC|O_APPEND|creat\(' "$dir/trace"
	grep -E "^[0-9]+ +(${changing//,/|})\(" "$dir/trace"
	return 0
}

# All that firn keeps, and the state of the container.
state() {
	find /run/firn /var/lib/firn -name '*firn-dry*' -printf '%p %s %T@\n' \
		2>/dev/null
	ls /etc/firn/keys 2>/dev/null
	cat /sys/fs/cgroup{,/unified}/"$name"/cgroup.freeze \
		/sys/fs/cgroup/freezer/"$name"/freezer.state 2>/dev/null
	ls "$dir"
}

# dry WORDS COMMAND [ARGUMENT]... -- does nothing, and says WORDS.
dry() {
	dry_words=$1
	shift
	dry_before=$(state)
	dry_done=$(writes "$firn" "$@" --dry-run)
	[ -z "$dry_done" ] && ok "$*: changes nothing" ||
		fail "$*: $dry_done"
	[ "$(state)" = "$dry_before" ] && ok "$*: all is as before" ||
		fail "$*: something is other than before"
	grep -qF -- "$dry_words" "$dir/out" && ok "$*: says \"$dry_words\"" ||
		fail "$*: $(cat "$dir/out" "$dir/err")"
	"$firn" "$@" --dry-run --json 2>/dev/null | jq -e . >/dev/null &&
		ok "$*: as JSON too" || fail "$*: no JSON"
}

mkdir "$dir/keep" && make_rootfs "$dir/rootfs" &&
	oci_run "$dir/bundle" "$dir/rootfs" "$name" || {
	echo "skipped: runc can't run here"
	exit 77
}
touch "$dir/trace" "$dir/out" "$dir/err"

dry "$name/" freeze "$name"
dry "would thaw" thaw "$name"
dry "cgroup-bpf" isolate "$name"
dry "would release" release "$name"
dry "$dir/keep/" capture --isolate -o "$dir/keep/" "$name"
dry "processes" capture "$name"
dry "$dir/keep/key.pem.pub" keygen "$dir/keep/key.pem"
dry "in $dir/keep" drill -o "$dir/keep"

# What this test sees, it sees: a freeze that isn't dry.
[ -n "$(writes "$firn" freeze "$name")" ] &&
	ok "a real freeze is seen to write" || fail "a real freeze isn't seen"
dry "write " thaw "$name"
"$firn" thaw -q "$name" >/dev/null || fail "thaw"

# At a terminal: what it is, before what was done.
script -qec "'$firn' freeze '$name'" /dev/null </dev/null |
	tr -d '\r' >"$dir/out"
sed -n 1p "$dir/out" | grep -q \
	"^firn freeze: $name is runc $name, image unknown, pid [0-9]*, 1 process\$" &&
	sed -n 2p "$dir/out" | grep -q ^frozen &&
	ok "at a terminal the name comes first" ||
	fail "at a terminal: $(head -n 2 "$dir/out")"
script -qec "'$firn' thaw -q '$name'" /dev/null </dev/null >/dev/null
script -qec "'$firn' freeze -q '$name'" /dev/null </dev/null |
	grep -q ' is runc ' && fail "--quiet says it" || ok "not with --quiet"
"$firn" freeze "$name" 2>&1 >/dev/null | grep -q ' is runc ' &&
	fail "a pipe is told" || ok "not to a pipe"
exit $failed
