#!/usr/bin/env bash
# Called by cargo in the compiler's place for our own crates: has them count which branches ran, as libFuzzer wants it.
# Dependencies come from the target folder as they are, so nothing of them is built a second time. What runs while
# building is not linked with libFuzzer and stays as it is.
for argument in "$@"; do
    case $argument in build_script_* | proc-macro | -vV) exec "$@" ;; esac
done
exec "$@" --cfg fuzzing -Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
    -Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table \
    -Cllvm-args=-sanitizer-coverage-trace-compares -Cdebug-assertions
