#!/usr/bin/env bash
# Fuzzes the parsers of outside input. Builds the targets in fuzz/ and runs each for some seconds,
# from its seeds and with a fixed random seed, one per processor at a time. Fails if an input
# violates a property of a target, and prints where that input is stored.
#
#   tools/fuzz/parsers.sh [SECONDS [TARGET...]]     by default 10 seconds and all targets
#
# Needs only the tools that build TaskHub: see tools/fuzz/instrumented.sh. It builds in its own
# folder, so that no other build uses a crate that was compiled for fuzzing.
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

# run TARGET: the corpus of the run is discarded, so that runs do not depend on each other.
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
