#!/usr/bin/env bash
# The description of the API against running servers, by Schemathesis: `bash tests/schemathesis/run.sh` (README.md).
# What is asked is in the description; who asks is here. Needs NHIP_BIN or builds it.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
# shellcheck source=deploy/setup.sh
source deploy/setup.sh

# A run that takes longer is broken; it takes some 20 seconds. Its questions are the same until the description or the
# version of Schemathesis changes.
RUN_SECONDS_MAX=120
CHECKS=not_a_server_error,status_code_conformance,content_type_conformance,response_headers_conformance,response_schema_conformance

[ -n "${NHIP_BIN:-}" ] || { prepare_build && build_nhip; }
prepare_schemathesis

work=$(mktemp -d)
pids=()
passed=0 failed=0
clean_up() {
    [ ${#pids[@]} -eq 0 ] || kill "${pids[@]}" 2>/dev/null || true
    wait
    rm -rf "$work"
}
trap clean_up EXIT

# serve NAME [ARGUMENT…]: starts a server; its address is in `address`.
serve() {
    local name=$1 tries
    shift
    "$NHIP_BIN" serve --listen 127.0.0.1:0 --data "$work/$name" "$@" >"$work/$name.out" 2>"$work/$name.err" &
    pids+=($!)
    for tries in $(seq 300); do
        address=$(sed -n 's/^listening on //p' "$work/$name.out")
        if [ -n "$address" ] && curl -fso /dev/null "$address/readyz"; then return; fi
        sleep 0.1
    done
    cat "$work/$name.err" >&2
    give_up "the server $name is not ready after $tries tries"
}

token() { "$NHIP_BIN" token add --folder "$work/access" --name "$1" "${@:2}" 2>/dev/null; }

# A small made-up province; a producer has one source.
"$NHIP_BIN" simulate --events 2000 --departments 2 --communes 4 --officers 12 --procedures 20 --orderly 2>/dev/null |
    sed 's|"source":"[^"]*"|"source":"/song-lam"|' >"$work/told.ndjson"

tell() { NHIP_TOKEN=${1:-} "$NHIP_BIN" replay "$work/told.ndjson" --to http --server "$address" >&2; }

# ask NAME [OPTION…]: one run. Every operation of the description is asked, and is a test.
ask() {
    local name=$1 log="$work/$1.log" asked broken
    shift
    say "schemathesis: $name"
    # It leaves files where it runs.
    (cd "$work" && timeout "$RUN_SECONDS_MAX" "$schemathesis" run "$address/openapi.json" "$@" \
        --phases examples,coverage --generation-deterministic \
        --checks "$CHECKS" --exclude-path /api/v1/stream --max-redirects 0 --request-timeout 20 \
        --suppress-health-check all --warnings off --no-color) >"$log" 2>&1 || true
    asked=$(sed -n 's/^ *Tested: \([0-9]*\).*/\1/p' "$log")
    broken=$(sed -n 's/^=* \([0-9]*\) failures\? in .*/\1/p' "$log")
    if ! grep -q '^=* .* in [0-9.]*s =*$' "$log" || [ "${asked:-0}" -eq 0 ] || grep -q '^Errors:' "$log"; then
        cat "$log"
        echo "$name: the run itself is broken" >&2
        broken=$((${broken:-0} + 1))
    elif [ -n "$broken" ]; then
        cat "$log"
    fi
    tail -n 3 "$log"
    failed=$((failed + ${broken:-0}))
    passed=$((passed + ${asked:-0}))
}

serve open --backups "$work/backups"
tell
ask nobody-is-asked

cat >"$work/settings.toml" <<TOML
[access]
public_url = "http://127.0.0.1:7660"
folder = "$work/access"
requests_per_second = 10000
TOML
producer=$(token producer --role producer --source /song-lam)
leader=$(token leader --role leader)
officer=$(token officer --role officer --unit H99.100 --officer CB-100-0001)
serve guarded --settings "$work/settings.toml" --backups "$work/backups-guarded"
tell "$producer"
ask without-a-token
ask leader --header "Authorization: Bearer $leader"
ask officer --header "Authorization: Bearer $officer"

[ "$failed" -eq 0 ] || passed=$((passed > failed ? passed - failed : 0))
printf '%d passed, %d failed\n' "$passed" "$failed"
[ "$failed" -eq 0 ]
