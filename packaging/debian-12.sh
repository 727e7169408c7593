# shellcheck shell=bash disable=SC2034
# What firn needs of Debian 12, for ./setup and ./check.

BUILD_PACKAGES="gcc clang cmake ninja-build pkg-config libc6-dev linux-libc-dev
	libcurl4-openssl-dev libevent-dev libseccomp-dev
	libfyaml-dev libhyperscan-dev libjansson-dev libmnl-dev libpcre2-dev
	libssl-dev libzstd-dev scdoc zlib1g-dev"

# Real runtimes, and the stock tools that an archive must please.
TEST_PACKAGES="attr acl busybox-static check clang-format clang-tidy
	containerd crun curl docker.io gdb iproute2 iptables jq
	libarchive-tools libclang-rt-14-dev netcat-openbsd nftables openssl podman
	python3-jsonschema python3-minimal runc shellcheck sleuthkit strace util-linux zstd systemd"

# install_packages NAME... -- those that are missing, in one go.
install_packages() {
	local missing=() name

	for name in "$@"; do
		dpkg-query -W -f '${Status}' "$name" 2>/dev/null |
			grep -q 'ok installed' || missing+=("$name")
	done
	[ ${#missing[@]} -eq 0 ] && return
	if [ "$(id -u)" -ne 0 ]; then
		echo "missing: ${missing[*]}; run this as root" >&2
		exit 1
	fi
	apt-get update -qq
	DEBIAN_FRONTEND=noninteractive apt-get install -y -qq \
		--no-install-recommends "${missing[@]}"
}

# make_receiver -- the user that `firn listen` becomes before it reads anything
# from the network; packaging/systemd has the same for systemd-sysusers(8).
make_receiver() {
	getent passwd firn >/dev/null && return
	useradd --system --user-group --no-create-home --home-dir / \
		--shell /usr/sbin/nologin firn
}
