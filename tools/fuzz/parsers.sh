#!/usr/bin/env bash
# Fuzzes what parses outside input: builds the targets in fuzz/ and runs each for some seconds, from its seeds and a fixed seed,
# as many at once as there are processors. Fails when an input breaks a target's law, and says where that input is kept.
#
#   tools/fuzz/parsers.sh [SECONDS [TARGET...]]     10 seconds and all targets, if it is not said otherwise
#
# Needs what TaskHub is built with, and no more: see tools/fuzz/instrumented.sh. It builds in a folder of its own, so that no other
# build takes a crate that was compiled for fuzzing.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
seconds=${1:-10}
shift || true
targets=("$@")
if ((${#targets[@]} == 0)); then
    for file in fuzz/fuzz_targets/*.rs; do
        targets+=("$(basename "$file" .rs)")
    done
fi

export CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-$PWD/target}/fuzz
RUSTC_WRAPPER=$PWD/tools/fuzz/instrumented.sh cargo build --locked --manifest-path fuzz/Cargo.toml "${targets[@]/#/--bin=}"
echo "built after $SECONDS s"

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

# run TARGET: what it finds on the way is thrown away, so that a run does not depend on those before it.
run() {
    local target=$1 corpus=$scratch/$1 log=$scratch/$1.log kept=fuzz/artifacts/$1/
    mkdir -p "$corpus" "$kept"
    if "$CARGO_TARGET_DIR/debug/$target" "$corpus" "fuzz/seeds/$target" -artifact_prefix="$kept" \
        -seed=1 -max_total_time="$seconds" -max_len=4096 -timeout=60 -rss_limit_mb=1024 >"$log" 2>&1; then
        printf '%-14s %s\n' "$target" "$(grep -a '^Done ' "$log" | tail -1)"
    else
        printf '\n%s has failed. Its input lies in %s; again: %s fuzz/artifacts/%s/...\n' \
            "$target" "$kept" "$CARGO_TARGET_DIR/debug/$target" "$target"
        tail -n 40 "$log"
        return 1
    fi
}
export -f run
export scratch seconds
printf '%s\n' "${targets[@]}" | xargs -P "$(nproc)" -I{} bash -c 'run {}'
echo "done after $SECONDS s"
