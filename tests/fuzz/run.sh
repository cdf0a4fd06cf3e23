#!/usr/bin/env bash
# Gives every reader of what comes from outside bytes that libFuzzer chooses by what they make it do:
# `bash tests/fuzz/run.sh [--seconds 5] [--keep] [READER…]`. It begins with the reader's examples and corpus/READER; with --keep what
# showed more is added, and what shows nothing more is taken out. What a reader could not bear is left in crashes/, to be
# mended and then put into the corpus. Prints "N passed, M failed".
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.." || exit 1
# shellcheck source=../../deploy/setup.sh
source deploy/setup.sh

seconds=5 keep=false readers=()
while [ $# -gt 0 ]; do
    case $1 in
    --seconds) seconds=${2:?how many seconds a reader} && shift 2 ;;
    --keep) keep=true && shift ;;
    -*) give_up "usage: bash tests/fuzz/run.sh [--seconds 5] [--keep] [READER…]" ;;
    *) readers+=("$1") && shift ;;
    esac
done

prepare_build
RUSTC_WORKSPACE_WRAPPER="$PWD/tests/fuzz/instrument.sh" cargo build --release --locked --workspace \
    --features fuzz/libfuzzer --bin nhip-fuzz || give_up "the fuzzer could not be built"
fuzzer="$CARGO_TARGET_DIR/release/nhip-fuzz"

here=tests/fuzz
[ ${#readers[@]} -gt 0 ] || mapfile -t readers < <(find $here/corpus -mindepth 1 -maxdepth 1 -type d -printf '%f\n' | sort)
found=$(mktemp -d)
trap 'rm -rf "$found"' EXIT
passed=0 failed=0
for reader in "${readers[@]}"; do
    say "fuzzing: $reader"
    export NHIP_READER=$reader
    mkdir -p "$found/$reader" "$here/crashes" "$here/corpus/$reader"
    NHIP_EXAMPLES="$found/$reader" "$fuzzer" 2>"$found/said"
    if "$fuzzer" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=4096 -max_len=65536 -print_final_stats=1 \
        -artifact_prefix="$here/crashes/$reader-" "$found/$reader" "$here/corpus/$reader" >"$found/said" 2>&1; then
        passed=$((passed + 1))
        grep -E 'INITED|^Done|number_of_executed_units' "$found/said" || true
    else
        failed=$((failed + 1))
        tail -n 40 "$found/said"
    fi
    if $keep; then
        mkdir "$found/kept"
        "$fuzzer" -set_cover_merge=1 -use_counters=0 -max_len=4096 "$found/kept" "$here/corpus/$reader" "$found/$reader" >"$found/said" 2>&1 ||
            tail -n 40 "$found/said"
        rm -rf "$here/corpus/$reader" && mv "$found/kept" "$here/corpus/$reader"
    fi
done
rmdir "$here/crashes" 2>/dev/null
printf '%d passed, %d failed\n' "$passed" "$failed"
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
