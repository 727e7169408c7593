# shellcheck shell=bash
# shellcheck disable=SC2034,SC2154 # of the scripts that source it
# listening.sh -- a `firn listen` of a test's own, and who sends to it.  Sourced
# after cases.sh; $dir is the script's folder, and everybody may look into it.

# A sanitizer's process that is killed, or forked for a case, has leaked nothing.
export ASAN_OPTIONS=detect_leaks=0
port=$((20000 + $$ % 10000))
url=https://localhost:$port

# listening_certificate NAME COMMON-NAME [SIGNER] -- NAME.pem and NAME.key in
# /etc/firn.
listening_certificate() {
	listening_at=/etc/firn/$1
	if [ -n "${3-}" ]; then
		openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes \
			-keyout "$listening_at.key" -subj "/CN=$2" \
			-out "$listening_at.csr" 2>/dev/null &&
			openssl x509 -req -in "$listening_at.csr" -days 2 \
				-CA "/etc/firn/$3.pem" \
				-CAkey "/etc/firn/$3.key" -CAcreateserial \
				-out "$listening_at.pem" 2>/dev/null
	else
		openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 \
			-nodes -days 2 -subj "/CN=$2" \
			-addext "subjectAltName=DNS:$2" \
			-keyout "$listening_at.key" -out "$listening_at.pem" \
			2>/dev/null
	fi && chmod 0600 "$listening_at.key"
}

# listening_policy -- what is on stdin, and where alerts are taken.
listening_policy() {
	{
		cat
		cat <<-POLICY
			listen:
			  addresses: ["127.0.0.1:$port"]
			  unix: /run/firn/alerts.sock
			  certificate: /etc/firn/server.pem
			  key: /etc/firn/server.key
			  client-ca: /etc/firn/ca.pem
		POLICY
	} >/etc/firn/policy.yaml
	chmod 711 /run/firn /var/spool/firn
}

listening=
listen_start() {
	"$firn" listen --json >>"$dir/told" 2>>"$dir/errors" &
	listening=$!
}

listens() {
	curl -s -m 10 --cacert /etc/firn/server.pem "$url/healthz"
}

# listen_stop -- calmly; its status.
listen_stop() {
	[ -n "$listening" ] || return 0
	kill "$listening" 2>/dev/null
	wait "$listening"
	listening_status=$?
	listening=
	return $listening_status
}

# post URL ARGUMENT... -- the payload on stdin; the answer is in $dir/answer, the
# status is printed.
post() {
	curl -s -m 20 --cacert /etc/firn/server.pem -o "$dir/answer" \
		-w '%{http_code}' --data-binary @- "$@"
}
