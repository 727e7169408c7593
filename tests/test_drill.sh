#!/bin/bash
# A whole drill: the main job, on a container of firn's own making, and nothing
# left behind; then the archive in a lab's hands, with stock tools only.
# Usage: test_drill.sh FIRN
set -eu
firn=$1
[ "$(id -u)" -eq 0 ] || {
	echo "SKIP: a container needs root"
	exit 77
}
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

"$firn" drill --json --output "$folder" >"$folder/result.json" || {
	jq '.checks[] | select(.passed | not)' "$folder/result.json"
	exit 1
}
for left in /var/lib/firn/drill-* /sys/fs/cgroup/unified/firn-drill \
	/sys/fs/cgroup/freezer/firn-drill; do
	[ -e "$left" ] && {
		echo "left behind: $left"
		exit 1
	}
done

cd "$folder"
tar --zstd -xf ./*.firn.tar.zst
rm ./*.firn.tar.zst
cd ./*/
sha256sum -c --quiet manifest-sha256.txt tagmanifest-sha256.txt
openssl pkeyutl -verify -pubin -inkey signer.pem -rawin \
	-in tagmanifest-sha256.txt -sigfile tagmanifest-sha256.txt.sig
tar -tf data/filesystem/layer.tar | grep -qx var/log/.wh.auth.log
grep -rqE 'firn-drill-(only|in-the)' data/assess && {
	echo "a secret's value stands in the checklist"
	exit 1
}
exit 0
