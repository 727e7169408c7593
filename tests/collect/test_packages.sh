#!/bin/bash
# The package list of a container of a real Docker, against dpkg's own answer and
# CycloneDX's own schema.
#
#	test_packages.sh FIRN

firn=$1
here=$(cd "$(dirname "$0")/.." && pwd)
# shellcheck source=/dev/null
. "$here/engines.sh"
engine_need docker dockerd containerd runc jq busybox dpkg-query

dir=$(mktemp -d /tmp/firn-packages.XXXXXX)
name=firn-packages-$$
failed=0

stop() {
	docker_in "$dir" rm -f "$name" >/dev/null 2>&1
	engine_stop "$dir"
}
trap stop EXIT

ok() {
	echo "ok: $1"
}

fail() {
	echo "FAILED: $1"
	failed=1
}

# is WHAT FILE FILTER VALUE -- of a member.
is() {
	is_got=$(jq -r "$3" "$dir/lab/data/filesystem/$2" 2>&1)
	[ "$is_got" = "$4" ] && ok "$1" || fail "$1: $3 is \"$is_got\""
}

make_image() {
	make_rootfs "$dir/rootfs" || return 1
	mkdir -p "$dir/rootfs/var/lib/dpkg" "$dir/rootfs/usr/lib" \
		"$dir/rootfs/app/node_modules/left-pad" \
		"$dir/rootfs/app/node_modules/gone"
	cp /var/lib/dpkg/status "$dir/rootfs/var/lib/dpkg/" || return 1
	echo 'ID=debian
VERSION_ID="12"
PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"' >"$dir/rootfs/etc/os-release"
	for package in left-pad gone; do
		echo "{\"name\": \"$package\", \"version\": \"1.0.0\"}" \
			>"$dir/rootfs/app/node_modules/$package/package.json"
	done
	docker_image_import "$dir" "$dir/rootfs" firn/packages
}

# What it does once it runs is in no image.
start() {
	engine_docker_start "$dir" && make_image &&
		docker_in "$dir" run -d --name "$name" --network none \
			--tmpfs /scratch firn/packages sh -c '
			rm -r /app/node_modules/gone
			mkdir /app/node_modules/evil
			echo "{\"name\":\"evil\",\"version\":\"6.6.6\"}" \
				>/app/node_modules/evil/package.json
			cp /bin/busybox /bin/nc.traditional
			chmod 4755 /bin/nc.traditional
			touch /ready
			exec sleep 1000' >"$dir/run" 2>&1 &&
		engine_wait 10 docker_in "$dir" exec "$name" test -e /ready
}

if ! start; then
	tail -n 3 "$dir/run" "$dir"/*/log 2>/dev/null
	echo "skipped: docker can't run here"
	exit 77
fi

"$firn" capture -q -o "$dir/case.firn.tar.zst" --only packages "$name" \
	>"$dir/capture" 2>&1
case $? in
0) ok "a capture without gaps" ;;
*) fail "capture: $(cat "$dir/capture")" ;;
esac
mkdir "$dir/lab" &&
	tar --zstd -C "$dir/lab" --strip-components 1 \
		-xf "$dir/case.firn.tar.zst" || exit 1

# dpkg-query knows the same of the host, whose database it is.
jq -r '.components[] | select(.purl // "" | startswith("pkg:deb/")) |
	"\(.name) \(.version)"' "$dir/lab/data/filesystem/packages.cdx.json" |
	sort >"$dir/ours"
dpkg-query -W -f '${db:Status-Status} ${Package} ${Version}\n' |
	sed -n 's/^installed //p' | sort >"$dir/theirs"
[ -s "$dir/theirs" ] && cmp -s "$dir/ours" "$dir/theirs" &&
	ok "all $(wc -l <"$dir/ours") packages, as dpkg-query has them" ||
	fail "packages: $(diff "$dir/ours" "$dir/theirs" | head -5)"

# So are the source packages, by which advisories go.
jq -r '.components[] | select(.purl // "" | startswith("pkg:deb/")) |
	(.properties | map({(.name): .value}) | add) as $p |
	($p["aquasecurity:trivy:SrcEpoch"] // "") as $epoch |
	($p["aquasecurity:trivy:SrcRelease"] // "") as $release |
	"\(.name) \($p["aquasecurity:trivy:SrcName"]) \($epoch +
	if $epoch != "" then ":" else "" end +
	$p["aquasecurity:trivy:SrcVersion"] +
	if $release != "" then "-" else "" end + $release)"' \
	"$dir/lab/data/filesystem/packages.cdx.json" | sort >"$dir/ours"
dpkg-query -W -f \
	'${db:Status-Status} ${Package} ${source:Package} ${source:Version}\n' |
	sed -n 's/^installed //p' | sort >"$dir/theirs"
cmp -s "$dir/ours" "$dir/theirs" && ok "and their sources" ||
	fail "sources: $(diff "$dir/ours" "$dir/theirs" | head -5)"

list=packages.cdx.json image=image.json
is "what was added since is listed" $list \
	'.components[] | select(.name == "evil") | .version' 6.6.6
is "what was deleted is not" $list \
	'[.components[] | select(.name == "gone")] | length' 0
is "what the image had is" $list \
	'[.components[] | select(.name == "left-pad")] | length' 1
is "the distribution is named" $list \
	'.components[0] | .type + " " + .name' "operating-system debian"
is "the container is what it is a list of" $list \
	.metadata.component.name firn/packages
is "a shell is seen" $image \
	'.shells[] | select(.path == "/bin/sh") | .target' busybox
is "a tool that came later is told from the image's" $image \
	'[.tools[] | select(.changed) | .path] | join(" ")' /bin/nc.traditional
is "what runs with its owner's rights is listed" $image \
	'[.privileged_files[] | select(.changed) | .mode] | join(" ")' 4755
is "what is mounted over the root is said not to be in it" $image \
	'.not_looked_into[] | select(.path == "/scratch") | .type' tmpfs
is "packages are counted" $image .packages.npm 2
[ "$(jq -r '.. | objects | select(.path? |
	strings | endswith("packages.cdx.json")) | .frozen' \
	"$dir/lab/data/manifest.json" | head -1)" = false ] &&
	ok "it runs again meanwhile, and the manifest says so" ||
	fail "it was kept from running"

"$here/collect/check_cyclonedx.py" \
	"$here/data/cyclonedx/bom-1.5.schema.json" \
	"$dir/lab/data/filesystem/packages.cdx.json"
case $? in
0) ok "the schema of CycloneDX 1.5 takes it" ;;
77) echo "not checked: python3-jsonschema is not installed" ;;
*) fail "the schema of CycloneDX 1.5 refuses it" ;;
esac

"$firn" thaw -q "$name" >/dev/null 2>&1
exit $failed
