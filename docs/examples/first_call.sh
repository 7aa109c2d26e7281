#!/bin/sh
# The first call, with openssl and curl alone: an assertion, a token, a proof, a question.
#
#   first_call.sh SERVICE < question.json
#
# MOTLAN     where the gateway is; http://127.0.0.1:8100 when it is not set
# KEY        the system's private key, PEM, P-256
# CLIENT_ID  the system; the name of the key's file when it is not set
#
# The question is read from standard input, because whatever stands on a command line is seen by
# everybody on the machine.  It ends with 0 for an answer, 1 for a refusal, 2 when it cannot ask.

set -eu
umask 077

service=${1:?"which service? e.g. dancu.xacthuc"}
motlan=${MOTLAN:-http://127.0.0.1:8100}
key=${KEY:?"KEY is the file of a private key"}
client=${CLIENT_ID:-$(basename "$key" .pem)}
question=$(cat)

made=$(mktemp -d)
trap 'rm -rf "$made"' EXIT
trap 'exit 2' HUP INT TERM

base64url() { openssl base64 -A | tr '+/' '-_' | tr -d '='; }

# openssl writes ECDSA signatures as DER: a sequence of two numbers of any length.  A JWS wants both
# numbers with 32 bytes each, and nothing around them (RFC 7518 section 3.4).
raw_signature() {
    openssl asn1parse -inform DER |
        sed -n 's/.*INTEGER *:\([0-9A-F]*\)$/\1/p' |
        while read -r number; do printf '%64s' "$number" | tr ' ' 0; done |
        fold -w 2 |
        while read -r byte || [ -n "$byte" ]; do printf '%b' "\\0$(printf '%o' "0x$byte")"; done
}

# jws HEADER CLAIMS
jws() {
    said=$(printf '%s' "$1" | base64url).$(printf '%s' "$2" | base64url)
    signature=$(printf '%s' "$said" | openssl dgst -sha256 -sign "$key" | raw_signature | base64url)
    printf '%s.%s' "$said" "$signature"
}

# The public half of the key, as a proof shows it: the last 64 bytes of the key are x and y.
point() { openssl ec -in "$key" -pubout -outform DER 2>/dev/null | tail -c 64; }
jwk='{"kty":"EC","crv":"P-256","x":"'$(point | head -c 32 | base64url)'","y":"'$(point | tail -c 32 | base64url)'"}'

# proof URL [TOKEN]: RFC 9449 section 4.2; good once, for this address, with this token
proof() {
    claims='"jti":"'$(openssl rand -hex 16)'","htm":"POST","htu":"'$1'","iat":'$(date +%s)
    if [ $# -gt 1 ]; then
        claims=$claims',"ath":"'$(printf '%s' "$2" | openssl dgst -sha256 -binary | base64url)'"'
    fi
    if [ -s "$made/nonce" ]; then claims=$claims',"nonce":"'$(cat "$made/nonce")'"'; fi
    jws '{"typ":"dpop+jwt","alg":"ES256","jwk":'"$jwk"'}' "{$claims}"
}

# assertion: who we are, once, for one minute (RFC 7523)
assertion() {
    now=$(date +%s)
    jws '{"typ":"JWT","alg":"ES256"}' '{"iss":"'"$client"'","sub":"'"$client"'","aud":"'"$motlan"'","iat":'"$now"',"exp":'$((now + 60))',"jti":"'"$(openssl rand -hex 16)"'"}'
}

# send URL < BODY: what goes along is in $made/sent; leaves answer, status and newest nonce there
send() {
    curl -sS -o "$made/answer" -D "$made/headers" -w '%{http_code}' \
        -H @"$made/sent" --data-binary @- "$1" > "$made/status" || exit 2
    sed -n 's/^[Dd][Pp][Oo][Pp]-[Nn]once: *\([^[:space:]]*\).*/\1/p' "$made/headers" > "$made/newest"
    if [ -s "$made/newest" ]; then mv "$made/newest" "$made/nonce"; fi
}

ask_for_token() {
    printf 'Content-Type: application/x-www-form-urlencoded\nDPoP: %s\n' \
        "$(proof "$motlan/oauth/token")" > "$made/sent"
    type=urn:ietf:params:oauth:client-assertion-type:jwt-bearer
    printf 'grant_type=client_credentials&client_assertion_type=%s&client_assertion=%s' \
        "$type" "$(assertion)" | send "$motlan/oauth/token"
}

ask() {
    url=$motlan/v1/data/$service
    printf 'Content-Type: application/json\nAuthorization: DPoP %s\nDPoP: %s\n' \
        "$token" "$(proof "$url" "$token")" > "$made/sent"
    printf '%s' "$question" | send "$url"
}

# Either may be refused once for want of the gateway's nonce, which the refusal brings.
refused() { [ "$(cat "$made/status")" -ge 400 ]; }
again() { refused && grep -qs use_dpop_nonce "$made/answer" "$made/headers"; }

ask_for_token
if again; then ask_for_token; fi
token=$(sed -n 's/.*"access_token": *"\([^"]*\)".*/\1/p' "$made/answer")
if [ -z "$token" ]; then cat "$made/answer" >&2; exit 1; fi

ask
if again; then ask; fi
cat "$made/answer"
echo
! refused
