#!/bin/bash
# From outside: each sender's payload, over HTTPS and a unix socket and with the
# kind of proof that the sender can give, leads to its container, whose playbook
# is carried out; and whoever is to be told of it is told, signed.
# Usage: test_listen_senders.sh FIRN
set -u
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=tests/engines.sh
. "$here/engines.sh"
# shellcheck source=tests/cases.sh
. "$here/cases.sh"
# shellcheck source=tests/listening.sh
. "$here/listening.sh"
engine_need docker dockerd containerd runc jq zstd busybox unshare setpriv \
	openssl curl python3
cases_alone "$0" "$@"

# shellcheck disable=SC2034 # cases.sh has it
firn=$1
samples=$here/data/alerts
dir=$(mktemp -d /tmp/firn-senders.XXXXXX)
chmod 755 "$dir"
told_by=
# shellcheck disable=SC2317 # the trap calls it
clean() {
	listen_stop
	[ -z "$told_by" ] || kill "$told_by" 2>/dev/null
	cases_stop
}
trap clean EXIT

# --- who sends, and who is told -----------------------------------------------
# token NAME -- a secret in /etc/firn/NAME.
token() {
	openssl rand -hex 32 >"/etc/firn/$1"
	chmod 0600 "/etc/firn/$1"
}
whsec() {
	echo "whsec_$(openssl rand -base64 32)" >"/etc/firn/$1"
	chmod 0600 "/etc/firn/$1"
}
listening_certificate server localhost &&
	listening_certificate ca "our ca" &&
	listening_certificate falco falco.example ca || exit 1
for name in falcosidekick alertmanager tracee cloudevents guardduty grafana; do
	token $name
done
whsec runbook
whsec told

# An HTTP server that writes down what came, and whether it was signed: by the
# specification of Standard Webhooks, not by our code.
mkdir "$dir/messages"
cat >"$dir/told.py" <<'PYTHON'
import base64, hashlib, hmac, http.server, json, os, sys
folder, secret = sys.argv[1], open(sys.argv[2]).read().strip()
key = base64.b64decode(secret.removeprefix("whsec_"))

class Told(http.server.BaseHTTPRequestHandler):
    n = 0
    def do_POST(self):
        body = self.rfile.read(int(self.headers["content-length"]))
        head = (self.headers["webhook-id"], self.headers["webhook-timestamp"])
        mac = hmac.new(key, b"%s.%s." % tuple(t.encode() for t in head) + body,
                       hashlib.sha256).digest()
        good = "v1," + base64.b64encode(mac).decode()
        Told.n += 1
        path = os.path.join(folder, "%d.json" % Told.n)
        with open(path + ".new", "w") as out:
            json.dump({"id": head[0], "body": json.loads(body), "signed":
                       good in self.headers["webhook-signature"].split()}, out)
        os.rename(path + ".new", path)
        self.send_response(204)
        self.end_headers()
    def log_message(self, *_):
        pass

server = http.server.HTTPServer(("127.0.0.1", 0), Told)
print(server.server_port, flush=True)
server.serve_forever()
PYTHON
python3 "$dir/told.py" "$dir/messages" /etc/firn/told >"$dir/told.port" &
told_by=$!
engine_wait 20 test -s "$dir/told.port" || exit 1

may='may: [look, capture, freeze, isolate]'
listening_policy <<-POLICY
	sources:
	  - {name: node, user: root, $may}
	  - {name: by-hand, user: daemon, $may}
	  - {name: falco, client-certificate: falco.example, $may}
	  - {name: falcosidekick, bearer: {file: /etc/firn/falcosidekick}, $may}
	  - {name: alertmanager, bearer: {file: /etc/firn/alertmanager}, $may}
	  - {name: tracee, bearer: {file: /etc/firn/tracee}, $may}
	  - {name: cloudevents, hub-signature: {file: /etc/firn/cloudevents}, $may}
	  - {name: runbook, standard-webhooks: {file: /etc/firn/runbook}, $may}
	  - name: grafana
	    hub-signature: {file: /etc/firn/grafana, header: X-Grafana-Alerting-Signature}
	    mapping: $(cat "$samples/grafana.mapping.json")
	    $may
	  - name: guardduty
	    bearer: {file: /etc/firn/guardduty}
	    mapping: $(cat "$samples/guardduty.mapping.json")
	    $may
	limits: {freezes-per-hour: 100, running: 4}
	notify:
	  - webhook: http://127.0.0.1:$(cat "$dir/told.port")/firn
	    secret: {file: /etc/firn/told}
	    on: [started, contained, sealed, failed]
POLICY
# By the name that one of the samples asks for.
playbook suspicious-shell "*" "cooldown: 10m" <<-STEPS
	  - isolate: {cut: all}
	  - freeze: {}
	  - capture: [processes]
	  - then: keep-frozen
STEPS
playbook all-of-it "Everything" <<-STEPS
	  - isolate: {cut: all}
	  - freeze: {}
	  - capture: all
	  - then: thaw
STEPS
mv /etc/firn/playbooks/all-of-it.yaml /etc/firn/playbooks/a-first.yaml

cases_start || exit 1
docker_in "$dir" tag firn/busybox registry.example.org/shop/web:1.4.2
listen_start
engine_wait 30 listens || { cat "$dir/errors"; exit 1; }

# --- each sender, by its own means --------------------------------------------
# All read $dir/payload, and print what the receiver answered.
by_certificate() {
	post "$url/alerts" --cert /etc/firn/falco.pem --key /etc/firn/falco.key
}
by_token() {
	post "$url/alerts" -H @"$dir/headers" \
		-H "Authorization: Bearer $(cat "/etc/firn/$source")"
}
by_query() { # Tracee can set no header
	post "$url/?access_token=$(cat "/etc/firn/$source")"
}
by_hub() { # [HEADER] -- Grafana's has the digits alone
	local mac prefix=sha256=

	mac=$(openssl dgst -sha256 -hmac "$(cat "/etc/firn/$source")" -r \
		<"$dir/payload")
	[ $# = 0 ] || prefix=
	post "$url/" -H @"$dir/headers" \
		-H "${1:-X-Hub-Signature-256}: $prefix${mac%% *}"
}
by_webhook() {
	local key now mac

	key=$(sed 's/^whsec_//' "/etc/firn/$source" | base64 -d |
		od -An -v -tx1 | tr -d ' \n')
	now=$(date +%s)
	mac=$({ printf 'msg_%s.%s.' "$n" "$now"; cat "$dir/payload"; } |
		openssl dgst -sha256 -mac HMAC -macopt "hexkey:$key" -binary |
		base64)
	post "$url/v1/alerts" -H "webhook-id: msg_$n" \
		-H "webhook-timestamp: $now" -H "webhook-signature: v1,$mac"
}
by_socket() {
	setpriv --reuid daemon --clear-groups curl -s -m 20 \
		--unix-socket /run/firn/alerts.sock --fail --data-binary @- \
		http://node/alerts >"$dir/answer" && echo 200
}
by_program() { # it has no status; what it says is brought into the same form
	"$firn" alert --json >"$dir/put" &&
		jq '{accepted: true, id: .letters[0]}' "$dir/put" \
			>"$dir/answer" && echo 200
}

# payload SAMPLE -- with what runs here put in.
payload() {
	sed -e "s/361491266a70ecacb99dff5be1d74433ff822c93b9faaf056ff8e2a3e32f3bdf/$id/g" \
		-e "s/361491266a70ecacb99dff5be1d7443/${id:0:31}/g" \
		-e "s/361491266a70eca/${id:0:15}/g" \
		-e "s/361491266a70/${id:0:12}/g" \
		-e "s/551e161c47d8ff0eb665438a7bcd5b4e3ef5a297282b40a92b7c77d6bd168eb3/$id/g" \
		-e "s/web-6c9f7d5b8-x2v4n/web-6c9f7d5b8-$n/g" \
		-e "s/31590/$pid/g" -e "s/node-7/$(hostname)/g" "$samples/$1"
}

# A container of a pod, as a kubelet has docker make them.
pod() {
	id=$(docker_in "$dir" run -d --network none --name "$1" \
		--label io.kubernetes.pod.namespace=shop \
		--label "io.kubernetes.pod.name=web-6c9f7d5b8-$n" \
		--label io.kubernetes.pod.uid=0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0 \
		--label io.kubernetes.container.name=web \
		registry.example.org/shop/web:1.4.2 sleep 1000)
	pid=$(docker_in "$dir" inspect -f '{{.State.Pid}}' "$id")
	[ ${#id} = 64 ]
}

n=0 sent=()
# sends SAMPLE SOURCE WAY... -- to a container of its own.
sends() {
	local sample=$1 headers=$samples/${1%.json*}.headers.json name=${1%.json*}
	local status

	source=$2
	shift 2
	n=$((n + 1))
	pod "$name" || { fail "no container for $sample"; return; }
	payload "$sample" >"$dir/payload"
	echo "content-type: application/json" >"$dir/headers"
	[ ! -f "$headers" ] || jq -r 'to_entries[] | "\(.key): \(.value)"' \
		"$headers" >"$dir/headers"
	status=$("$@" <"$dir/payload")
	if [ "$status" = 200 ] && jq -e '.accepted and .id' "$dir/answer" \
		>/dev/null; then
		sent+=("$name $source $id $(jq -r .id "$dir/answer")")
	else
		fail "$sample of $source: $status, $(cat "$dir/answer")"
	fi
}
sends falco-http.json falco by_certificate
sends falcosidekick.json falcosidekick by_token
sends falcosidekick-alertmanager.json falcosidekick by_token
sends alertmanager-v4.json alertmanager by_token
sends alertmanager-cadvisor.json alertmanager by_token
sends tracee-legacy.json tracee by_query
sends tracee-v1beta1.json tracee by_query
sends cloudevents-structured.json cloudevents by_hub
sends cloudevents-batch.json cloudevents by_hub
sends cloudevents-binary.json cloudevents by_hub
sends standard-webhooks.json runbook by_webhook
sends generic.json by-hand by_socket
sends grafana.json grafana by_hub X-Grafana-Alerting-Signature
sends guardduty.json guardduty by_token
sends falco-program-output.jsonl node by_program
for kind in exec kprobe lsm exit; do
	sends tetragon-$kind.json node by_program
done
passes "all samples but one are of a container" test $((n + 1)) = \
	"$(find "$samples" -name '*.json*' ! -name '*.headers.json' \
		! -name '*.mapping.json' | wc -l)"

is_carried_out() { # NAME SOURCE ID
	passes "$1: its case is done" case_is "done" &&
		passes "$1: it is of $2, and about the right container" \
			case_has "(.who.name == \"$2\") and
				.target.id == \"$3\" and
				.playbook == \"suspicious-shell\""
	passes "$1: each step is done" case_has \
		'[.results[] | select(.state == "done") | .kind] ==
		["isolate", "freeze", "capture", "then"]'
	passes "$1: it is frozen" test "$(state_of "$1")" = frozen
	passes "$1: it is cut off" is_isolated "$1"
	passes "$1: its archive is whole" "$firn" verify \
		"$("$firn" cases --json "$case" | jq -r .archive)"
}
for one in "${sent[@]}"; do
	read -r name source id letter <<<"$one"
	is_carried_out "$name" "$source" "$id"
done
passes "there is one case for each" test \
	"$("$firn" cases --json | jq '.cases | length')" = $n

id=none pid=1
payload falco-host-event.json >"$dir/payload"
by_certificate <"$dir/payload" >"$dir/status"
passes "an event of the node is recorded, and nothing is done" jq -e \
	'.accepted == false and .reason == "host"' "$dir/answer"
payload falco-http.json >"$dir/payload"
passes "without a proof nobody is listened to" test \
	"$(post "$url/alerts" <"$dir/payload")" = 401

# --- one that is removed while it is captured ---------------------------------
container removed || exit 1
docker_in "$dir" exec removed dd if=/dev/urandom of=/root/big bs=1M count=64 \
	2>/dev/null || fail "dd"
alert Everything "$id"
removed=$id
is_captured() {
	case=$("$firn" cases --json | jq -er --arg id "$removed" \
		'.cases[] | select(.target.id == $id) | .case') &&
		case_has 'any(.results[]; .kind == "capture" and .state == "begun")'
}
passes "a container is being captured" engine_wait 60 is_captured
(timeout 120 docker -H "unix://$dir/docker/sock" rm -f removed \
	>"$dir/rm" 2>&1) &
rm=$!
passes "its case is done, though it is removed meanwhile" case_is "done"
archive=$("$firn" cases --json "$case" | jq -r .archive)
passes "its archive is whole" "$firn" verify "$archive"
wait $rm

# --- who is told --------------------------------------------------------------
messages() {
	find "$dir/messages" -name '*.json' -exec cat {} + | jq -s .
}
all_are_told() {
	messages | jq -e --argjson n $((n + 1)) \
		'map(.id) | unique | length == 3 * $n'
}
passes "who is to be told has three messages of each" \
	engine_wait 60 all_are_told
messages >"$dir/all"
passes "each is signed" jq -e 'length > 0 and all(.signed)' "$dir/all"
passes "and of a case that there is" jq -e --slurpfile cases \
	<("$firn" cases --json) '[.[].body.case] - [$cases[0].cases[].case] == []' \
	"$dir/all"
passes "each case was started, contained and sealed" jq -e --argjson n \
	$((n + 1)) 'group_by(.body.case) | length == $n and all(map(.body.event)
	| unique == ["contained", "sealed", "started"])' "$dir/all"
passes "with the archive, once it is sealed" jq -e \
	'map(select(.body.event == "sealed")) | all(.body.archive)' "$dir/all"

passes "no letter is left" test -z \
	"$(find /var/spool/firn/alerts/cur /var/spool/firn/alerts/new -type f)"
passes "the audit log is whole" "$firn" verify /var/lib/firn/audit.jsonl
passes "it ends calmly" listen_stop
[ $failed = 0 ] || tail -n 20 "$dir/errors"
exit $failed
