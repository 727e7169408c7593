# shellcheck shell=bash
# engines.sh -- container engines of a test's own, beside whatever else runs.
#
# Sourced by scripts.  Every engine keeps all that it has below one folder,
# talks through a socket there, and touches neither the node's bridges nor its
# firewall.  engine_stop ends exactly what was started.  Each function returns
# non-zero, and says why on stderr, when it can't do its work.
#
#	. tests/engines.sh
#	dir=$(mktemp -d) && trap 'engine_stop "$dir"' EXIT
#	engine_docker_start "$dir" && make_rootfs "$dir/rootfs" &&
#	docker_image_import "$dir" "$dir/rootfs" busybox
#	docker_in "$dir" run -d --network none busybox sleep 100

# engine_need PROGRAM... -- ends the script as skipped if one isn't here, or
# we are not root.
engine_need() {
	[ "$(id -u)" = 0 ] || { echo "skipped: needs root"; exit 77; }
	for program; do
		command -v "$program" >/dev/null && continue
		echo "skipped: $program is not installed"
		exit 77
	done
}

# engine_wait SECONDS COMMAND... -- until it succeeds.
engine_wait() {
	engine_tries=$(($1 * 10))
	shift
	until "$@" >/dev/null 2>&1; do
		engine_tries=$((engine_tries - 1))
		[ $engine_tries -gt 0 ] || return 1
		sleep 0.1
	done
}

# engine_note DIR PID -- remember a process to be ended by engine_stop, as
# "PID START": a pid alone may be somebody else's by then.
engine_note() {
	echo "$2 $(engine_start_of "$2")" >>"$1/engine.pids"
}

engine_start_of() {
	sed 's/.*) //' "/proc/$1/stat" 2>/dev/null | cut -d' ' -f20
}

# engine_containerd_start DIR -- a containerd of its own; ctr_in DIR talks to it.
# $engine_within is put before it, and before a dockerd: nsenter, say.
engine_containerd_start() {
	mkdir -p "$1/containerd"
	cat >"$1/containerd/config.toml" <<-EOF
		version = 2
		root = "$1/containerd/root"
		state = "$1/containerd/state"
		disabled_plugins = ["io.containerd.grpc.v1.cri"]
		[grpc]
		address = "$1/containerd/sock"
		[ttrpc]
		address = "$1/containerd/sock.ttrpc"
	EOF
	${engine_within-} containerd --config "$1/containerd/config.toml" \
		>"$1/containerd/log" 2>&1 &
	echo $! >"$1/containerd/pid"
	engine_note "$1" $!
	engine_wait 30 ctr_in "$1" version && return
	tail -5 "$1/containerd/log" >&2
	return 1
}

# ctr_in DIR ARGUMENT... -- ctr with the containerd of DIR.
ctr_in() {
	engine_dir=$1
	shift
	ctr --address "$engine_dir/containerd/sock" "$@"
}

# engine_docker_start DIR [DRIVER [BRIDGE]] -- a dockerd and a containerd of its
# own; docker_in DIR talks to it.  DRIVER is a storage driver: overlay2 or vfs;
# BRIDGE an interface that is there.
engine_docker_start() {
	[ -S "$1/containerd/sock" ] || engine_containerd_start "$1" || return 1
	mkdir -p "$1/docker"
	${engine_within-} dockerd --data-root "$1/docker/root" --exec-root "$1/docker/exec" \
		-H "unix://$1/docker/sock" --pidfile "$1/docker/pidfile" \
		--containerd "$1/containerd/sock" \
		--storage-driver "${2:-overlay2}" --bridge "${3:-none}" \
		--iptables=false --ip6tables=false --ip-forward=false \
		--ip-masq=false >"$1/docker/log" 2>&1 &
	echo $! >"$1/docker/pid"
	engine_note "$1" $!
	engine_wait 60 docker_in "$1" info && return
	tail -5 "$1/docker/log" >&2
	return 1
}

# docker_in DIR ARGUMENT... -- docker with the dockerd of DIR.  Run containers
# with --network none: there is no bridge.
docker_in() {
	engine_dir=$1
	shift
	docker -H "unix://$engine_dir/docker/sock" "$@"
}

# podman_in DIR ARGUMENT... -- podman with all its state below DIR; it has no
# daemon.  Run containers with --network none.
podman_in() {
	engine_dir=$1
	shift
	podman --root "$engine_dir/podman/root" \
		--runroot "$engine_dir/podman/run" \
		--tmpdir "$engine_dir/podman/tmp" \
		--cgroup-manager cgroupfs --events-backend file "$@"
}

# podman_run DIR ARGUMENT... -- podman run -d, with what works where we may not
# raise limits: its own are above ours; crun refuses a hybrid of cgroups, and on
# v2 raises RLIMIT_MEMLOCK for its device program.  No limit of processes: that
# controller is not in every v2 hierarchy.
podman_run() {
	engine_dir=$1
	shift
	podman_in "$engine_dir" --runtime=runc run -d --network none \
		--ulimit nofile=1024:1024 --ulimit nproc=1024:1024 \
		--pids-limit 0 "$@"
}

# make_rootfs DIR -- a root filesystem from the static busybox, no registry.
make_rootfs() {
	mkdir -p "$1/bin" "$1/dev" "$1/etc" "$1/proc" "$1/root" "$1/run" \
		"$1/sys" "$1/tmp" "$1/var" || return 1
	cp /bin/busybox "$1/bin/busybox" || return 1
	"$1/bin/busybox" --install -s "$1/bin" 2>/dev/null
	for applet in "$1"/bin/*; do
		[ -L "$applet" ] && ln -sf busybox "$applet"
	done
	echo root:x:0:0:root:/root:/bin/sh >"$1/etc/passwd"
	echo root:x:0: >"$1/etc/group"
}

# docker_image_import DIR ROOTFS NAME -- an image for the dockerd of DIR.
docker_image_import() {
	tar -C "$2" -c . |
		docker_in "$1" import -c 'CMD ["/bin/sh"]' - "$3" >/dev/null
}

# podman_image_import DIR ROOTFS NAME -- an image for the podman of DIR.
podman_image_import() {
	tar -C "$2" -c . | podman_in "$1" import - "$3" >/dev/null 2>&1
}

# ctr_image_import DIR ROOTFS NAME -- an image for the containerd of DIR, made
# by hand: ctr has no import of a bare root filesystem.
ctr_image_import() {
	engine_oci=$1/oci.$$
	engine_blobs=$engine_oci/blobs/sha256
	mkdir -p "$engine_blobs"
	tar -C "$2" -cf "$engine_oci/layer" .
	engine_layer=$(engine_blob "$engine_oci/layer")
	printf '{"architecture":"%s","os":"linux","config":{"Cmd":["/bin/sh"]},
	"rootfs":{"type":"layers","diff_ids":["sha256:%s"]}}' \
		"$(dpkg --print-architecture)" "$engine_layer" \
		>"$engine_oci/config"
	engine_config=$(engine_blob "$engine_oci/config")
	printf '{"schemaVersion":2,"mediaType":"%s.manifest.v1+json",
	"config":{"mediaType":"%s.config.v1+json","digest":"sha256:%s",
	"size":%s},"layers":[{"mediaType":"%s.layer.v1.tar",
	"digest":"sha256:%s","size":%s}]}' \
		application/vnd.oci.image application/vnd.oci.image \
		"$engine_config" \
		"$(wc -c <"$engine_blobs/$engine_config")" \
		application/vnd.oci.image "$engine_layer" \
		"$(wc -c <"$engine_blobs/$engine_layer")" \
		>"$engine_oci/manifest"
	engine_size=$(wc -c <"$engine_oci/manifest")
	engine_manifest=$(engine_blob "$engine_oci/manifest")
	printf '{"schemaVersion":2,"manifests":[{"mediaType":"%s","digest":
	"sha256:%s","size":%s,"annotations":{"io.containerd.image.name":
	"%s"}}]}' application/vnd.oci.image.manifest.v1+json \
		"$engine_manifest" "$engine_size" "$3" >"$engine_oci/index.json"
	echo '{"imageLayoutVersion":"1.0.0"}' >"$engine_oci/oci-layout"
	tar -C "$engine_oci" -c blobs index.json oci-layout |
		ctr_in "$1" images import --all-platforms - >/dev/null
	engine_status=$?
	rm -rf "$engine_oci"
	return $engine_status
}

# Move a file to where its digest belongs; prints the digest.
engine_blob() {
	engine_digest=$(sha256sum "$1" | cut -d' ' -f1)
	mv "$1" "$engine_blobs/$engine_digest"
	echo "$engine_digest"
}

# oci_bundle DIR ROOTFS [SPEC-OPTION...] -- a bundle for runc and crun that
# sleeps, without a network and without a cgroup path of its own.
oci_bundle() {
	mkdir -p "$1"
	cp -a "$2" "$1/rootfs"
	(cd "$1" && rm -f config.json && runc spec) || return 1
	sed -i -e 's/"terminal": true/"terminal": false/' \
		-e 's|"sh"$|"sleep", "1000"|' "$1/config.json"
}

# oci_run BUNDLE ROOTFS NAME -- such a container, run by runc, in the cgroup
# /NAME; what went wrong is on stderr.
oci_run() {
	oci_bundle "$1" "$2" &&
		jq --arg name "$3" '.process.rlimits = [] |
			.linux.cgroupsPath = "/" + $name' \
			"$1/config.json" >"$1/config.new" &&
		mv "$1/config.new" "$1/config.json" &&
		runc run -d --bundle "$1" "$3" </dev/null >"$1/log" 2>&1 && return
	cat "$1/log" >&2
	return 1
}

# engine_docker_signal DIR SIGNAL, engine_containerd_signal DIR SIGNAL -- to the
# daemon itself.
engine_docker_signal() {
	kill "-$2" "$(cat "$1/docker/pid")"
}
engine_containerd_signal() {
	kill "-$2" "$(cat "$1/containerd/pid")"
}

# The shims that outlive their daemon, and conmon: those that have DIR among
# their arguments.
engine_helpers() {
	for engine_proc in /proc/[0-9]*; do
		engine_pid=${engine_proc#/proc/}
		case $(cat "$engine_proc/cmdline" 2>/dev/null | tr "\0" " ") in
		*containerd-shim*"$1"/* | *conmon*"$1"/*) echo "$engine_pid" ;;
		esac
	done
}

# The first processes of containers that are held by those helpers.
engine_children() {
	for engine_pid in $(engine_helpers "$1"); do
		cat "/proc/$engine_pid/task/$engine_pid/children" 2>/dev/null
	done
}

# engine_stop DIR -- end the engines and containers of DIR, unmount what they
# left, and remove it.
engine_stop() {
	[ -n "$1" ] && [ -d "$1" ] || return 0
	for engine_pid in $(engine_children "$1"); do
		kill -9 "$engine_pid" 2>/dev/null
	done
	sleep 0.3
	for engine_pid in $(engine_helpers "$1"); do
		kill -9 "$engine_pid" 2>/dev/null
	done
	while read -r engine_pid engine_start; do
		[ "$(engine_start_of "$engine_pid")" = "$engine_start" ] ||
			continue
		kill -CONT "$engine_pid" 2>/dev/null
		kill -TERM "$engine_pid" 2>/dev/null
		engine_wait 10 engine_ended "$engine_pid" ||
			kill -KILL "$engine_pid" 2>/dev/null
	done <<-EOF
		$(tac "$1/engine.pids" 2>/dev/null)
	EOF
	# runc's records of what containerd's shims have run.
	for engine_state in /run/containerd/runc/*/*/state.json; do
		grep -qs "\"$1/" "$engine_state" && rm -rf "${engine_state%/*}"
	done
	awk -v dir="$1/" 'index($5, dir) == 1 { print $5 }' \
		/proc/self/mountinfo | sort -r | while read -r engine_mount; do
		umount -l "$engine_mount" 2>/dev/null
	done
	rm -rf --one-file-system "$1"
}

engine_ended() {
	[ ! -d "/proc/$1" ] || grep -q '^State:.Z' "/proc/$1/status"
}
