#!/usr/bin/env bash
# Runs Schemathesis with generated inputs on every operation of the OpenAPI document, as an admin and
# as a member, on SQLite. If TASKHUB_FUZZ_POSTGRES_URL is set, it also runs on that PostgreSQL
# database, whose content is deleted. Fails if a response is a 5xx or does not match the document, if
# invalid input is accepted or valid input refused, or if the server logs an error.
#
#   TASKHUB_FUZZ_VENV   a Python environment to reuse; by default one is created and removed
#   TASKHUB_FUZZ_ROLES  the roles; "admin member" by default
#   TASKHUB_FUZZ_SHARES the number of shares of the invalid input, one per run; 10 by default, and 1
#                       for all of it in every run
#
# Arguments are passed to Schemathesis:
#   tools/fuzz/run.sh --max-examples 100 --seed 1 --include-operation-id create_task
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
cd "$here/../.."
exec </dev/null

scratch=$(mktemp -d)
children=()
finish() {
    ((${#children[@]} == 0)) || kill "${children[@]}" 2>/dev/null || true
    wait || true
    rm -rf "$scratch"
}
trap finish EXIT
trap 'exit 130' INT TERM

venv=${TASKHUB_FUZZ_VENV:-$scratch/venv}
if [[ ! -x $venv/bin/schemathesis ]]; then
    python3 -m venv "$venv"
    "$venv/bin/pip" install --quiet --disable-pip-version-check --require-hashes --only-binary :all: \
        --requirement "$here/requirements.txt"
fi
# Uses the features of the whole workspace, as the build of the tests does.
cargo build --quiet --locked --workspace --bin taskhub
taskhub=${CARGO_TARGET_DIR:-$PWD/target}/debug/taskhub

# run FOLDER ROLE DATABASE-URL: runs Schemathesis against a server on a database that it wipes and
# fills with `taskhub seed`.
run() (
    folder=$1 role=$2 failed=0
    export DATABASE_URL=$3 TASKHUB_DATA_DIR=$folder TASKHUB_LOG_DIR=$folder/log
    shift 3
    port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
    export TASKHUB_LISTEN=127.0.0.1:$port
    for rate in PRINCIPAL TENANT ADDRESS SIGN_IN; do
        export "TASKHUB_RATE_$rate=1000000" "TASKHUB_RATE_${rate}_BURST=1000000"
    done
    "$taskhub" wipe --yes
    "$taskhub" seed --tasks 20 --tokens "$folder/tokens.json"
    "$taskhub" serve >"$folder/server.log" 2>&1 &
    server=$!
    trap 'kill "$server" 2>/dev/null || true; wait' EXIT
    trap 'exit 130' INT TERM
    TASKHUB_FUZZ_TOKEN=$(python3 "$here/prepare.py" "http://$TASKHUB_LISTEN" "$folder/tokens.json" "$role" "$folder")
    export TASKHUB_FUZZ_TOKEN
    cp "$here/schemathesis.toml" "$here/hooks.py" "$folder"
    (cd "$folder" && "$venv/bin/schemathesis" --config-file schemathesis.toml run "http://$TASKHUB_LISTEN/api/schema" \
        --no-color "$@") || failed=1
    kill "$server" || failed=1 # the server has ended unexpectedly
    wait "$server" || failed=1
    trap - EXIT
    if [[ -s $folder/log/errors.log ]] || grep -q panicked "$folder/server.log"; then
        echo "The server has logged errors:"
        grep -h -A 9 panicked "$folder/server.log" | cat - "$folder/log/errors.log"
        failed=1
    fi
    return "$failed"
)

failed=0 runs=0
shares=${TASKHUB_FUZZ_SHARES:-10}
for role in ${TASKHUB_FUZZ_ROLES:-admin member}; do
    names=() children=()
    for url in "sqlite://$scratch/$role-sqlite/taskhub.db" ${TASKHUB_FUZZ_POSTGRES_URL:+"$TASKHUB_FUZZ_POSTGRES_URL"}; do
        export TASKHUB_FUZZ_SHARE=$((runs % shares))/$shares
        # The coverage phase includes the examples of the document; the examples phase runs once.
        phases=coverage,fuzzing,stateful
        ((runs > 0)) || phases=examples,$phases
        runs=$((runs + 1))
        name=$role-${url%%:*}
        mkdir "$scratch/$name"
        run "$scratch/$name" "$role" "$url" --phases "$phases" "$@" >"$scratch/$name.txt" 2>&1 &
        names+=("$name") children+=("$!")
    done
    for i in "${!names[@]}"; do
        passed=yes
        wait "${children[i]}" || passed=no
        printf '\n== %s (after %d s)\n' "${names[i]}" "$SECONDS"
        if [[ $passed == no ]]; then
            cat "$scratch/${names[i]}.txt"
            failed=1
        else
            grep -A 9 'Test cases:' "$scratch/${names[i]}.txt"
        fi
    done
done
exit "$failed"
