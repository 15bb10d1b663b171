#!/usr/bin/env bash
# A wrapper of the compiler (RUSTC_WRAPPER). It compiles TaskHub's own crates with coverage
# instrumentation for libFuzzer and with their entry points for fuzzing (`cfg(fuzzing)`). Other
# crates are compiled as usual, so earlier builds of them can be reused. The flags are those of
# `cargo fuzz` without a sanitizer, which would find little in safe Rust.
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
