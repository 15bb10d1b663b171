#!/usr/bin/env bash
# Calls the compiler in cargo's place (RUSTC_WRAPPER): TaskHub's own crates are compiled so that libFuzzer sees which ways they
# go, and with their doors for fuzzing. All others stay as they are, and so are those again that were built before. The flags are
# those of `cargo fuzz` without a sanitizer: safe Rust leaves none much to find.
set -euo pipefail
compiler=$1
shift
if [[ " $* " == *" --crate-name taskhub_"* || ${CARGO_PKG_NAME:-} == taskhub-fuzz ]]; then
    set -- "$@" --cfg fuzzing \
        -Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 -Cllvm-args=-sanitizer-coverage-inline-8bit-counters \
        -Cllvm-args=-sanitizer-coverage-pc-table -Cllvm-args=-sanitizer-coverage-trace-compares \
        -Cllvm-args=-simplifycfg-branch-fold-threshold=0
fi
exec "$compiler" "$@"
