#!/bin/bash
# Alerts over HTTPS, as curl(1) and openssl(1) send them: certificates, tokens,
# bodies of every size, and what TLS lets through.  Usage: test_tls.sh RECEIVER
set -u
receiver=$1
[ "$(id -u)" -eq 0 ] || { echo "skipped: not root"; exit 77; }
dir=$(mktemp -d /var/tmp/firn-tls-XXXXXX)
chmod 0755 "$dir"
cd "$dir" || exit 1
port=$((20000 + $$ % 10000))
url=https://localhost:$port
failed=0
export ASAN_OPTIONS=detect_leaks=0

stop() {
	[ -n "${pid:-}" ] && kill "$pid" 2>/dev/null && wait "$pid"
	cd / && rm -rf "$dir"
}
trap stop EXIT

fail() {
	echo "FAIL: $*"
	failed=1
}

# certificate NAME SUBJECT [SIGNER] -- a key and a certificate.
certificate() {
	openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes \
		-keyout "$1.key" -subj "/CN=$2" -out "$1.csr" 2>/dev/null
	printf 'subjectAltName=DNS:%s\n' "$2" >"$1.ext"
	if [ -n "${3:-}" ]; then
		openssl x509 -req -in "$1.csr" -days 2 -extfile "$1.ext" \
			-CA "$3.pem" -CAkey "$3.key" -CAcreateserial \
			-out "$1.pem" 2>/dev/null
	else
		openssl req -x509 -key "$1.key" -subj "/CN=$2" -days 2 \
			-addext "subjectAltName=DNS:$2" -out "$1.pem"
	fi
	chmod 0600 "$1.key"
}

certificate server localhost
certificate ca "our ca"
certificate falco falco.example ca
certificate stranger stranger.example ca
certificate pinned pinned.example
certificate foreign falco.example # signed by nobody that is known
pin=$(openssl x509 -in pinned.pem -outform DER | sha256sum | cut -d' ' -f1)
openssl rand -hex 32 >token
chmod 0600 token
token=$(cat token)

cat >policy.yaml <<EOF
sources:
  - {name: token, bearer: {file: $dir/token}, may: [look], rate: 100000}
  - {name: named, client-certificate: falco.example, may: [look]}
  - {name: pinned, client-certificate: "sha256:$pin", may: [look]}
listen:
  addresses: ["127.0.0.1:$port", "[::1]:$port"]
  certificate: $dir/server.pem
  key: $dir/server.key
  client-ca: $dir/ca.pem
EOF

"$receiver" --policy policy.yaml --inbox "$dir/inbox" --deadline 2 2>log &
pid=$!
for _ in $(seq 100); do
	grep -q "takes alerts on \[::1\]:$port" log && break
	sleep 0.1
done

alert='{"schema": "firn.alert/v1", "rule": "a test", "target": {"pid": 1}}'

# status ARGUMENT... -- what curl is answered; 000 when TLS doesn't come about.
status() {
	curl -s -o body -w '%{http_code}' -m 20 --cacert server.pem "$@"
}

# gets STATUS WHAT ARGUMENT...
gets() {
	local expected=$1 what=$2 got

	shift 2
	got=$(status "$@")
	[ "$got" = "$expected" ] || fail "$what: $got, not $expected: $(cat body)"
}

source_of_newest() {
	head -1 "$(ls -t inbox/new/* | head -1)" | jq -r '.source + " " + .auth'
}

# comes_from "SOURCE AUTH" ARGUMENT... -- it's accepted, and whose it is.
comes_from() {
	local expected=$1 got

	shift
	gets 200 "$expected" -d "$alert" "$@"
	got=$(source_of_newest)
	[ "$got" = "$expected" ] || fail "came from $got, not $expected"
}

comes_from "token bearer" -H "Authorization: Bearer $token" "$url/alerts"
comes_from "token bearer" "$url/?access_token=$token"
comes_from "token bearer" -X PUT "$url/v1/alerts?access_token=$token"
comes_from "named certificate" --cert falco.pem --key falco.key "$url/"
comes_from "pinned certificate" --cert pinned.pem --key pinned.key "$url/"
comes_from "named certificate" --tlsv1.2 --tls-max 1.2 --cert falco.pem \
	--key falco.key "$url/"
gets 401 "no proof" -d "$alert" "$url/"
gets 401 "a wrong token" -d "$alert" -H "Authorization: Bearer x$token" "$url/"
gets 401 "a certificate of nobody in the policy" -d "$alert" \
	--cert stranger.pem --key stranger.key "$url/"
comes_from "token bearer" --cert stranger.pem --key stranger.key \
	-H "Authorization: Bearer $token" "$url/"
gets 000 "a certificate that nobody signed" -d "$alert" \
	--cert foreign.pem --key foreign.key "$url/"
gets 000 "TLS 1.1" --tlsv1.1 --tls-max 1.1 --ciphers DEFAULT@SECLEVEL=0 "$url/"
gets 200 "health" "$url/healthz"
gets 000 "plain HTTP" "http://localhost:$port/healthz"

head -c 1048576 /dev/zero | tr '\0' ' ' >most
printf '%s' "$alert" | dd of=most conv=notrunc status=none
head -c 1500000 /dev/zero >big
auth=(-H "Authorization: Bearer $token")
gets 200 "a body of just 1 MiB" "${auth[@]}" --data-binary @most "$url/"
gets 200 "the same in chunks" "${auth[@]}" -H 'Transfer-Encoding: chunked' \
	--data-binary @most "$url/"
gets 413 "a body of more" "${auth[@]}" --data-binary @big "$url/"
gets 413 "the same in chunks" "${auth[@]}" -H 'Transfer-Encoding: chunked' \
	--data-binary @big "$url/"
gets 413 "the same, asked before" "${auth[@]}" -H 'Expect: 100-continue' \
	--data-binary @big "$url/"
gets 200 "asked before" "${auth[@]}" -H 'Expect: 100-continue' \
	--data-binary @most "$url/"

# Several on one connection; more than is read ahead.
urls=()
for _ in $(seq 30); do urls+=("$url/"); done
curl -sS -m 60 --cacert server.pem "${auth[@]}" -o /dev/null \
	-w '%{http_code} %{num_connects}\n' --data-binary @most "${urls[@]}" |
	sort | uniq -c >row
grep -q '^ *29 200 0$' row || fail "30 on one connection: $(cat row)"

# Who says nothing at all is cut; renegotiation is refused.
openssl s_client -connect "localhost:$port" -CAfile server.pem -quiet \
	</dev/zero >said 2>&1 &
silent=$!
exec 3<>"/dev/tcp/localhost/$port"
timeout 20 cat <&3 >/dev/null || fail "a silent connection was kept"
exec 3>&-
kill "$silent" 2>/dev/null
(sleep 1; echo R; sleep 1) | timeout 10 openssl s_client -tls1_2 \
	-connect "localhost:$port" -CAfile server.pem >said 2>&1
grep -q 'no renegotiation' said || fail "renegotiation: $(tail -3 said)"

# The key is the receiver's alone.
kill "$pid"
wait "$pid" || fail "it ended with $?: $(cat log)"
pid=
chmod 0644 server.key
"$receiver" --policy policy.yaml --inbox "$dir/inbox" 2>log
[ $? -eq 5 ] || fail "a key that all can read was used"
grep -q 'chmod 0600' log || fail "no word about the key: $(cat log)"
exit $failed
