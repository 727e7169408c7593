# shellcheck shell=bash
# lab.sh -- what a lab does with an archive, with stock tools only.
#
# Sourced by scripts that have `fail TEXT`.

# lab_unpack ARCHIVE FOLDER -- check it as README.txt says, and unpack it.
lab_unpack() {
	rm -rf "$2" && mkdir "$2"
	tar --zstd -C "$2" -xf "$1" || fail "tar: $1"
	mv "$2"/*/* "$2/"
	(cd "$2" &&
		sha256sum -c --quiet manifest-sha256.txt \
			tagmanifest-sha256.txt &&
		openssl pkeyutl -verify -pubin -inkey signer.pem -rawin \
			-in tagmanifest-sha256.txt \
			-sigfile tagmanifest-sha256.txt.sig >/dev/null) ||
		fail "sha256sum or openssl: $1"
}

# lab_image ROOTFS LAYER NAME FOLDER -- a Docker archive of an image of two
# layers, the one that the container was started from and the captured one, to
# stdout.  Works in FOLDER.
lab_image() {
	rm -rf "$4" && mkdir "$4"
	tar -C "$1" -cf "$4/base.tar" .
	cp "$2" "$4/layer.tar"
	jq -n --arg base "$(lab_digest "$4/base.tar")" \
		--arg layer "$(lab_digest "$4/layer.tar")" \
		--arg arch "$(dpkg --print-architecture)" '{
		architecture: $arch, os: "linux", config: {Cmd: ["/bin/sh"]},
		rootfs: {type: "layers", diff_ids: [$base, $layer]}}' \
		>"$4/config.json"
	jq -n --arg name "$3" '[{Config: "config.json", RepoTags: [$name],
		Layers: ["base.tar", "layer.tar"]}]' >"$4/manifest.json"
	tar -C "$4" -c manifest.json config.json base.tar layer.tar
}

lab_digest() {
	echo "sha256:$(sha256sum "$1" | cut -d' ' -f1)"
}

# lab_list -- of a tar on stdin: every file with its type, mode, owner, link,
# time and digest, sorted.
lab_list() {
	bsdtar -cf - --format=mtree --options='mtree:!all,type,mode,uid,gid,link,time,size,sha256' \
		@- | grep -v '^#' | sed 's/^\/\. /. /' | sort
}
