#!/bin/bash
# A real container with 40 secrets in 20 kinds of place: all are found, each is
# one item however many places it is in, its neighbour that has one too is named,
# and none is anywhere in what comes out.
#
#	test_planted.sh FIRN
set -u
firn=$(readlink -f "$1")
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=tests/engines.sh
. "$here/engines.sh"
# shellcheck source=tests/lab.sh
. "$here/lab.sh"
engine_need docker containerd jq openssl zstd gzip

dir=$(mktemp -d /var/tmp/firn-planted.XXXXXX)
name=firn-planted-$$ other=firn-neighbour-$$ case_id=firn-planted-case-$$
failed=0
end() {
	engine_stop "$dir"
	rm -rf "/var/lib/firn/cases/$case_id".*
}
trap end EXIT

fail() {
	echo "FAILED: $*"
	failed=1
}

# --- the values: made here, and of no use to anybody ------------------------------

random() { # LENGTH [CHARACTERS]
	LC_ALL=C tr -dc "${2:-A-Za-z0-9}" </dev/urandom | head -c "$1"
}

# The last 6 characters are the CRC-32 of what is before, in base 62.
checked() { # PREFIX
	local body sum digits=0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz
	local text=
	body=$(random 30)
	sum=$(printf %s "$body" | gzip -c | tail -c8 | head -c4 | od -An -tu4 | tr -d ' ')
	for _ in 1 2 3 4 5 6; do
		text=${digits:$((sum % 62)):1}$text
		sum=$((sum / 62))
	done
	printf '%s%s%s' "$1" "$body" "$text"
}

url64() {
	base64 -w0 | tr '+/' '-_' | tr -d '='
}

token() { # CLAIMS
	printf '%s.%s.%s' "$(printf '{"alg":"RS256","kid":"firn"}' | url64)" \
		"$(printf %s "$1" | url64)" "$(head -c 256 /dev/urandom | url64)"
}

key() {
	openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 2>/dev/null
}

# plant NAME VALUE -- $NAME in what follows, and one of what has to be found.
declare -A planted=()
plant() {
	planted[$1]=$2
	printf -v "$1" %s "$2"
}

claims_bound='{"aud":["https://kubernetes.default.svc"],"exp":2000000000,"iat":1700000000,"iss":"https://kubernetes.default.svc.cluster.local","kubernetes.io":{"namespace":"shop","pod":{"name":"web","uid":"0"},"serviceaccount":{"name":"web","uid":"0"}},"sub":"system:serviceaccount:shop:web"}'
claims_irsa='{"aud":["sts.amazonaws.com"],"exp":2000000000,"iat":1700000000,"iss":"https://oidc.eks.eu-central-1.amazonaws.com/id/FIRN","sub":"system:serviceaccount:shop:web"}'
plant shared "$(random 24)"
plant configured "$(random 20)"
plant github_config "$(checked ghp_)"
plant url_config "$(random 18)"
plant aws_key "$(random 40 'A-Za-z0-9')"
plant image_env "$(random 20)"
plant image_npm "$(checked npm_)"
plant image_label "$(random 20)"
plant history "$(checked ghp_)"
plant process_env "$(random 21)"
plant process_github "$(checked gho_)"
plant argument "$(random 19)"
plant argument_url "$(random 18)"
plant run_secret "$(random 30)"
plant run_signing "$(random 30)"
plant pointed "$(random 25)"
plant pointed_far "$(random 25)"
plant k8s_password "$(random 26)"
plant k8s_github "$(checked ghp_)"
plant k8s_tls "$(key)"
plant k8s_token "$(token "$claims_bound")"
plant irsa_token "$(token "$claims_irsa")"
plant csi_secret "$(random 28)"
plant configmap_url "$(random 18)"
plant mounted_github "$(checked ghp_)"
plant aws_file "$(random 40 'A-Za-z0-9')"
plant netrc "$(random 18)"
plant pgpass "$(random 18)"
plant git_login "$(random 18)"
plant npmrc "$(checked npm_)"
plant ssh_key "$(key)"
plant tls_key "$(key)"
plant dotenv "$(random 22)"
plant dotenv_url "$(random 18)"
plant app_yml "$(random 18)"
plant terraform "$(checked ghp_)"
plant history_file "$(checked ghp_)"
plant changed "$(checked ghp_)"
plant changed_url "$(random 18)"
plant logged "$(checked ghp_)"
plant volume_env "$(random 22)"
plant neighbour "$(checked ghp_)"

# --- the container ------------------------------------------------------------------

# In the image: what its builder left behind.
root=$dir/rootfs
make_rootfs "$root" || exit 1
mkdir -p "$root/srv/app/config" "$root/root/.ssh" "$root/root/.aws" \
	"$root/etc/ssl/private" "$root/opt/deep/er/infra" "$root/home/web"
printf 'SIGNING_SECRET=%s\nDATABASE_URL=postgres://app:%s@db.example/shop\n' \
	"$dotenv" "$dotenv_url" >"$root/srv/app/.env"
printf 'spring:\n  datasource:\n    url: mysql://shop:%s@db.example/shop\n' \
	"$app_yml" >"$root/srv/app/config/application-prod.yml"
printf '{"outputs":{"t":{"value":"%s"}}}\n' "$terraform" \
	>"$root/opt/deep/er/infra/terraform.tfstate"
printf '%s\n' "$ssh_key" >"$root/root/.ssh/id_ecdsa"
printf '%s\n' "$tls_key" >"$root/etc/ssl/private/site.key"
printf '[default]\naws_secret_access_key = %s\n' "$aws_file" \
	>"$root/root/.aws/credentials"
printf 'machine x.example login firn password %s\n' "$netrc" \
	>"$root/root/.netrc"
printf 'db.example:5432:shop:firn:%s\n' "$pgpass" >"$root/home/web/.pgpass"
printf 'https://firn:%s@git.example\n' "$git_login" \
	>"$root/root/.git-credentials"
printf '//registry.npmjs.org/:_authToken=%s\n' "$npmrc" >"$root/root/.npmrc"
printf 'ls\ncurl -H "Authorization: token %s" https://x\n' "$history_file" \
	>"$root/root/.bash_history"
chmod 600 "$root"/root/.git-credentials "$root/root/.ssh/id_ecdsa"

# As the kubelet and others lay their volumes out.
pod=$dir/kubelet/pods/0f2c1f6a-1111-4222-8333-944455556666/volumes
projected() { # FOLDER; then a file from stdin
	mkdir -p "$1/..2026_11_28"
	ln -sfn ..2026_11_28 "$1/..data"
	cat >"$1/..2026_11_28/$2"
	ln -sf "..data/$2" "$1/$2"
}
printf %s "$k8s_password" | projected "$pod/kubernetes.io~secret/db" password
printf %s "$k8s_github" | projected "$pod/kubernetes.io~secret/db" deploy
printf %s "$k8s_tls" | projected "$pod/kubernetes.io~secret/tls" tls.key
printf %s "$k8s_token" |
	projected "$pod/kubernetes.io~projected/kube-api-access-x" token
printf shop | projected "$pod/kubernetes.io~projected/kube-api-access-x" namespace
printf %s "$irsa_token" |
	projected "$pod/kubernetes.io~projected/aws-iam-token" token
printf 'url=redis://:%s@cache.example:6379\n' "$configmap_url" |
	projected "$pod/kubernetes.io~configmap/settings" app.conf
csi=$pod/kubernetes.io~csi/store
mkdir -p "$csi/mount"
mount -t tmpfs tmpfs "$csi/mount"
printf %s "$csi_secret" >"$csi/mount/api-credential"
echo '{"driverName":"secrets-store.csi.k8s.io","specVolID":"store"}' \
	>"$csi/vol_data.json"
mkdir -p "$dir/given/volume"
printf %s "$run_secret" >"$dir/given/db_password"
printf %s "$run_signing" >"$dir/given/signing"
printf %s "$pointed" >"$dir/given/pointed"
printf %s "$pointed_far" >"$dir/given/far"
printf '{"github": "%s"}' "$mounted_github" >"$dir/given/settings.json"
printf 'MAIL_PASSWORD=%s\n' "$volume_env" >"$dir/given/volume/mail.env"
chmod 644 "$dir/given/settings.json"

# What it does: a process with an environment of its own, a changed file, a log.
cat >"$root/bin/start" <<-'EOF'
	#!/bin/sh
	cat /given/changed >/var/cache-of-mine
	cat /given/printed
	. /given/process
	WORKER_PASSWORD=$process_env CI_TOKEN=$process_github SHARED_PASSWORD=$shared \
		sleep 1000 &
	sleep 1000 --api-password="$argument" "amqp://q:$argument_url@mq.example/" \
		--token "$shared" 2>/dev/null || sh -c 'while :; do sleep 5; done' x \
		--api-password="$argument" "amqp://q:$argument_url@mq.example/" \
		--shared-password "$shared"
EOF
chmod 755 "$root/bin/start"
printf 'key %s\nmongodb://m:%s@mongo.example/x\nSHARED_PASSWORD=%s\n' "$changed" \
	"$changed_url" "$shared" >"$dir/given/changed"
printf 'starting\nwith %s\nSHARED_PASSWORD=%s\n' "$logged" "$shared" \
	>"$dir/given/printed"
printf 'process_env=%s\nprocess_github=%s\nargument=%s\nargument_url=%s\nshared=%s\n' \
	"$process_env" "$process_github" "$argument" "$argument_url" "$shared" \
	>"$dir/given/process"
mkdir "$dir/started"
cp "$dir/given/changed" "$dir/given/printed" "$dir/given/process" "$dir/started"
printf 'SHARED_PASSWORD=%s\n' "$shared" >"$dir/given/volume/shared.env"
printf 'SHARED_PASSWORD=%s\n' "$shared" >"$root/srv/app/.env.shared"
printf %s "$shared" >"$dir/given/shared"

engine_docker_start "$dir" overlay2 || exit 1
tar -C "$root" -c . | docker_in "$dir" import \
	-c "ENV IMAGE_SECRET=$image_env NPM_TOKEN=$image_npm SHARED_PASSWORD=$shared" \
	-c "LABEL deploy.password=$image_label" \
	-m "|1 TOKEN=$history /bin/sh -c make" - firn/planted >/dev/null || exit 1
sa=/var/run/secrets/kubernetes.io/serviceaccount
docker_in "$dir" run -d --name "$name" --network none \
	-e "POOL_PASSWORD=$configured" -e "GITHUB_TOKEN=$github_config" \
	-e "DATABASE_URL=postgres://app:$url_config@db.example/shop" \
	-e "AWS_SECRET_ACCESS_KEY=$aws_key" -e "SHARED_PASSWORD=$shared" \
	-e QUEUE_PASSWORD_FILE=/given/pointed \
	-e VENDOR_SECRET_FILE=/mnt/far/away \
	-e AWS_ROLE_ARN=arn:aws:iam::123456789012:role/firn/shop \
	-e AWS_WEB_IDENTITY_TOKEN_FILE=/var/run/secrets/eks.amazonaws.com/serviceaccount/token \
	-v "$dir/given/db_password:/run/secrets/db_password:ro" \
	-v "$dir/given/signing:/run/secrets/signing:ro" \
	-v "$dir/given/shared:/run/secrets/shared:ro" \
	-v "$dir/given/pointed:/given/pointed:ro" \
	-v "$dir/given/far:/mnt/far/away:ro" \
	-v "$dir/started/changed:/given/changed:ro" \
	-v "$dir/started/printed:/given/printed:ro" \
	-v "$dir/started/process:/given/process:ro" \
	-v "$dir/given/settings.json:/mnt/settings.json:ro" \
	-v "$dir/given/volume:/data:ro" \
	-v "$pod/kubernetes.io~secret/db:/etc/db:ro" \
	-v "$pod/kubernetes.io~secret/tls:/etc/tls:ro" \
	-v "$pod/kubernetes.io~projected/kube-api-access-x:$sa:ro" \
	-v "$pod/kubernetes.io~projected/aws-iam-token:/var/run/secrets/eks.amazonaws.com/serviceaccount:ro" \
	-v "$pod/kubernetes.io~configmap/settings:/etc/settings:ro" \
	-v "$csi/mount:/mnt/store:ro" \
	-v "$dir/docker/sock:/var/run/docker.sock" \
	firn/planted start >/dev/null || exit 1
docker_in "$dir" run -d --name "$other" --network none \
	-e "UPSTREAM_PASSWORD=$configured" -e "OTHER_TOKEN=$neighbour" \
	firn/planted sleep 1000 >/dev/null || exit 1
sleep 2

# --- what comes out -------------------------------------------------------------------

mkdir "$dir/said"
"$firn" secrets --case "$case_id" "$name" >"$dir/said/text" 2>"$dir/said/text.err"
[ $? -le 3 ] || fail "firn secrets: $(cat "$dir/said/text.err")"
"$firn" secrets --json --case "$case_id" "$name" >"$dir/said/json" \
	2>"$dir/said/json.err"
"$firn" secrets --csv --case "$case_id" "$name" >"$dir/said/csv" \
	2>"$dir/said/csv.err"
"$firn" capture --case "$case_id" -o "$dir/it.firn.tar.zst" "$name" \
	>"$dir/said/capture" 2>&1
[ $? -le 3 ] || fail "firn capture: $(cat "$dir/said/capture")"
lab_unpack "$dir/it.firn.tar.zst" "$dir/lab"
cp -r "$dir/lab/data/assess" "$dir/said/assess"
"$firn" secrets --json "$dir/it.firn.tar.zst" >"$dir/said/again" 2>&1

# A fingerprint is the value's HMAC by the case's key.
key=$(jq -r .fingerprint_key "$dir/lab/data/case.json")
print_of() {
	printf %s "$1" | openssl dgst -sha256 -mac HMAC -macopt "hexkey:$key" |
		sed 's/.* //' | cut -c1-32
}
item() { # FILE VALUE
	jq --arg print "$(print_of "$2")" \
		'.items[] | select(.fingerprint == $print)' "$1"
}

[ ${#planted[@]} -ge 40 ] || fail "only ${#planted[@]} are planted"
found=0
for one in "${!planted[@]}"; do
	for file in json assess/secrets.json; do
		[ -n "$(item "$dir/said/$file" "${planted[$one]}")" ] ||
			fail "$one is not in $file"
	done
	found=$((found + 1))
done
n=$(jq -r '.items[].places[].where' "$dir/said/json" | sort -u | wc -l)
[ "$n" -ge 15 ] || fail "only $n kinds of place"

# One in nine places or more is one item.
n=$(item "$dir/said/json" "$shared" | jq '.places | length')
[ "${n:-0}" -ge 9 ] || fail "the shared one is in ${n:-no} places"
n=$(item "$dir/said/json" "$shared" | jq -s length)
[ "$n" = 1 ] || fail "the shared one is $n items"

# --- what is said of it -----------------------------------------------------------------

says() { # WHAT VALUE FILTER
	item "$dir/said/json" "$2" | jq -e "$3" >/dev/null ||
		fail "$1: $(item "$dir/said/json" "$2" | jq -c '[.kind, .facts, .consumers, .readers, .places]')"
}
says "the neighbour that has it is a consumer" "$configured" \
	".consumers | any(.name == \"$other\" and .runtime == \"docker\")"
says "one that nobody else has has no consumer" "$url_config" \
	'.consumers // [] | length == 0'
says "what only the neighbour has is had by docker.sock" "$neighbour" \
	'.places | all(.via != null and (.via | startswith("docker.sock")))'
says "what lies in the container was not had through anything" "$changed" \
	'.places | all(.via == null)'
says "a Secret's volume and pod" "$k8s_password" \
	'.facts.volume == "db" and (.facts.pod_uid | startswith("0f2c1f6a"))'
says "a CSI volume's driver" "$csi_secret" \
	'.facts.driver == "secrets-store.csi.k8s.io"'
says "whose token it is" "$k8s_token" \
	'.facts.namespace == "shop" and .facts.service_account == "web"'
says "a key of mode 600 is for root" "$ssh_key" '.readers == "root"'
says "a command line is for everybody" "$argument" '.readers == "world"'
says "history is for who has the image" "$history" '.readers == "outside"'
jq -e '.items[] | select(.kind == "aws-web-identity-role") |
	.facts.account == "123456789012" and .facts.role == "shop" and
	.facts.subject == "system:serviceaccount:shop:web"' \
	"$dir/said/json" >/dev/null || fail "no role for the web identity"
jq -e '.items[] | select(.kind == "docker-socket")' "$dir/said/json" \
	>/dev/null || fail "docker.sock is no item"

# --- none of it comes out -----------------------------------------------------------------

# A line of a key is enough to tell it.
grep -q "$name" "$dir/said/capture" || fail "the capture says nothing"
for one in "${!planted[@]}"; do
	value=${planted[$one]}
	case $value in
	-----BEGIN*) value=$(sed -n 2p <<<"$value") ;;
	esac
	coded=$(printf %s "$value" | base64 -w0 | tr -d =)
	grep -rqF -e "$value" "$dir/said" &&
		fail "$one: its value is in $(grep -rlF -e "$value" "$dir/said")"
	grep -rqF -e "${coded%?}" "$dir/said" &&
		fail "$one: its value is there in base64"
	grep -rqF -e "$value" "/var/lib/firn/cases/" 2>/dev/null &&
		fail "$one: its value is in the case"
done

# A core of firn at the end of its work, when it waits to say what it found: none
# is left by itself, and there is none in what a debugger takes.
mkfifo "$dir/fifo"
exec 9<>"$dir/fifo"
(cd "$dir" && ulimit -c unlimited && dd if=/dev/zero bs=4096 count=16 \
	of="$dir/fifo" oflag=nonblock 2>/dev/null
	exec "$firn" secrets --json --case "$case_id" "$name" >"$dir/fifo" \
		2>/dev/null) &
pid=$!
waits() {
	grep -q pipe_write "/proc/$pid/wchan" || grep -q "^1 " "/proc/$pid/syscall"
}
if engine_wait 60 waits; then
	kill -ABRT $pid
	wait $pid 2>/dev/null
	# shellcheck disable=SC2012 # our own names
	[ -z "$(ls "$dir"/core* 2>/dev/null)" ] || fail "it left a core"
else
	fail "firn didn't come to its end"
	kill -9 $pid
fi
exec 9<&-

[ $failed -eq 0 ] && echo "$found secrets found, none told"
exit $failed
