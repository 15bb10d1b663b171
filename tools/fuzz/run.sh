#!/usr/bin/env bash
# Lets Schemathesis call every operation of the document with inputs that nobody thought of, as an admin and as a member,
# on SQLite and, if TASKHUB_FUZZ_POSTGRES_URL names a database of PostgreSQL (whose content is removed), there as well.
# Fails when an answer is a 5xx or not what the document says, when invalid input is taken or valid input is not, or when
# the server logs an error.
#
#   TASKHUB_FUZZ_VENV   a Python environment to use again; without it, one is made and removed
#   TASKHUB_FUZZ_ROLES  "admin member" if unset
#   TASKHUB_FUZZ_SHARES into how many shares the invalid input is cut, of which each run tries another: 10 if unset; 1 for all in each
#
# Arguments go to Schemathesis: tools/fuzz/run.sh --max-examples 100 --seed 1 --include-operation-id create_task
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
# With the features of the whole workspace, as the tests have built it.
cargo build --quiet --locked --workspace --bin taskhub
taskhub=${CARGO_TARGET_DIR:-$PWD/target}/debug/taskhub

# run FOLDER ROLE DATABASE-URL: a server over an empty database, filled by `taskhub seed`, and Schemathesis against it.
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
    kill "$server" || failed=1 # it has ended by itself
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
        # The document's own examples are part of the coverage, too; alone they are sent once.
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
