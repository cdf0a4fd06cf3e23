#!/usr/bin/env bash
# Every check there is: `bash test.sh [--long] [--without kafka|browser|schemathesis|fuzz]…`. `--long` kills the server 200
# times instead of 20, tries 600 seeds where 200 or fewer are usual, and fuzzes each reader for a minute. On a fresh Debian machine it
# installs what is missing first. Stages run to the end even if an earlier one fails. The last line adds up what the test
# runners themselves said; the exit status is 0 only if nothing failed and something ran.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")" || exit 1
# shellcheck source=deploy/setup.sh
source deploy/setup.sh

usage="usage: bash test.sh [--long] [--without kafka|browser|schemathesis|fuzz]…"
fuzz_seconds=5
without=" "
while [ $# -gt 0 ]; do
    case "$1 ${2:-}" in
    "--long "*) export NHIP_KILLS=200 NHIP_SEEDS=600 && fuzz_seconds=60 && shift ;;
    "--without kafka" | "--without browser" | "--without schemathesis" | "--without fuzz") without+="$2 " && shift 2 ;;
    *) echo "$usage" >&2 && exit 2 ;;
    esac
done

logs=$(mktemp -d)
trap 'rm -rf "$logs"' EXIT

passed_all=0 failed_all=0 skipped_all=0
is_broken=false
summary=()
not_run=()

# Reads a stage's output; prints "passed failed skipped" from the runners' own closing lines, nothing if there is none.
counts_of() {
    case $1 in
    cargo) awk '/^test result: / { n++; p += $4; f += $6; s += $8 } END { if (n) print p, f, s }' ;;
    node) awk '/^# pass / { n++; p += $3 } /^# (fail|cancelled) / { f += $3 } /^# (skipped|todo) / { s += $3 }
               END { if (n) print p + 0, f + 0, s + 0 }' ;;
    unittest) awk '/^Ran [0-9]+ tests? in / { n++; ran = $2 }
               /^(OK|FAILED)/ { while (match($0, /[a-z ]+=[0-9]+/)) {
                   split(substr($0, RSTART, RLENGTH), pair, "="); gsub(/^ /, "", pair[1])
                   if (pair[1] ~ /^(failures|errors|unexpected successes)$/) f += pair[2]
                   if (pair[1] == "skipped") s += pair[2]
                   $0 = substr($0, RSTART + RLENGTH) } }
               END { if (n) print ran - f - s, f + 0, s + 0 }' ;;
    plain) awk '/^[0-9]+ passed, [0-9]+ failed(, [0-9]+ skipped)?$/ { line = $0 }
               END { if (line != "") { split(line, part, " "); print part[1], part[3], part[5] + 0 } }' ;;
    esac
}

# stage NAME RUNNER COMMAND…: runs, times and counts. RUNNER is `none` for a check that counts no tests.
stage() {
    local name=$1 runner=$2 log="$logs/stage" started=$SECONDS status=0 counts="" verdict=ok
    shift 2
    say "$name"
    "$@" 2>&1 | tee "$log"
    status=${PIPESTATUS[0]}
    [ "$runner" = none ] || counts=$(counts_of "$runner" <"$log")
    local passed=0 failed=0 skipped=0
    [ -z "$counts" ] || read -r passed failed skipped <<<"$counts"
    if [ "$status" -ne 0 ] && [ "$failed" -eq 0 ]; then
        # It broke before or beside its tests: that is one failure of its own.
        failed=1
        verdict="FAILED with exit status $status"
    elif [ "$failed" -gt 0 ]; then
        verdict=FAILED
    elif [ "$runner" != none ] && [ $((passed + skipped)) -eq 0 ]; then
        failed=1
        verdict="FAILED: it ran no test"
    fi
    [ "$failed" -eq 0 ] || is_broken=true
    passed_all=$((passed_all + passed)) failed_all=$((failed_all + failed)) skipped_all=$((skipped_all + skipped))
    local numbers="-"
    [ "$runner" = none ] || numbers="$passed passed, $failed failed, $skipped skipped"
    summary+=("$(printf '%-34s %5d s  %-40s %s' "$name" $((SECONDS - started)) "$numbers" "$verdict")")
}

# A stage that cannot run is a failure, unless it was left out by name.
cannot_run() {
    say "$1 cannot run: $2"
    failed_all=$((failed_all + 1))
    is_broken=true
    summary+=("$(printf '%-34s %5s    %-40s %s' "$1" - - "FAILED: cannot run, $2")")
}

is_left_out() {
    [[ $without == *" $1 "* ]] || return 1
    not_run+=("$1 (left out with --without $1)")
}

prepare_build
need_rust_checkers
need python3=python3 pdftotext=poppler-utils
need_python_yaml
export PYTHONDONTWRITEBYTECODE=1 CARGO_TERM_COLOR=never

stage "format" none cargo fmt --all --check
stage "clippy" none cargo clippy --release --locked --workspace --all-targets --test kafka -- -D warnings
stage "build nhip" none build_nhip
export NHIP_BIN="$CARGO_TARGET_DIR/release/nhip"
stage "unit, acceptance, simulation, tidy" cargo cargo test --release --locked --workspace --no-fail-fast
stage "oracle's own tests" unittest python3 -m unittest discover -s tests/oracle
stage "oracle against nhip" plain bash tests/oracle/compare.sh

if ! is_left_out browser; then
    mapfile -t browser_tests < <(find tests/browser -name node_modules -prune -o -name '*.test.*js' -print 2>/dev/null | sort)
    if [ ${#browser_tests[@]} -eq 0 ]; then
        cannot_run "browser" "there is no test in tests/browser"
    elif (prepare_browser); then
        prepare_browser
        stage "browser" node node --test --test-reporter=tap "${browser_tests[@]}"
    else
        cannot_run "browser" "it could not be set up (see above)"
    fi
fi

if ! is_left_out schemathesis; then
    if (prepare_schemathesis); then
        stage "schemathesis" plain bash tests/schemathesis/run.sh
    else
        cannot_run "schemathesis" "it could not be set up (see above)"
    fi
fi

if ! is_left_out fuzz; then
    stage "fuzz" plain bash tests/fuzz/run.sh --seconds "$fuzz_seconds"
fi

if ! is_left_out kafka; then
    if [ -d tests/kafka ]; then
        stage "kafka" cargo bash tests/kafka/run.sh
    else
        not_run+=("kafka (there is no tests/kafka yet, and no Kafka source to test)")
    fi
fi

printf '\n'
printf '%s\n' "${summary[@]}"
if [ ${#not_run[@]} -gt 0 ]; then
    printf '\n!!! NOT RUN: %s\n' "${not_run[@]}"
fi
[ "$passed_all" -gt 0 ] || is_broken=true
printf '\n%d passed, %d failed, %d skipped\n' "$passed_all" "$failed_all" "$skipped_all"
[ "$is_broken" = false ]
