#!/usr/bin/env bash
# Generates clients from the OpenAPI document of the binary, checks their types, and runs the example
# of each client against a server; also runs the collection for Postman. Needs the binary
# (`cargo build`), Node.js 20 and Python 3.11.
#
# TASKHUB_REVIEW=1 writes the collection in openapi/ again.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
binary=$(realpath "${TASKHUB_BINARY:-${CARGO_TARGET_DIR:-../target}/debug/taskhub}")
scratch=$(mktemp -d)
server=

finish() {
    local code=$?
    if [[ -n $server ]]; then
        kill "$server" 2>/dev/null || true
        wait "$server" 2>/dev/null || true
    fi
    if ((code != 0)) && [[ -f $scratch/server.log ]]; then
        echo "The server's last words:" >&2
        tail -n 20 "$scratch/server.log" >&2
    fi
    rm -rf "$scratch"
    exit "$code"
}
trap finish EXIT
trap 'exit 130' INT TERM

say() { printf -- '-- %s (after %d s)\n' "$1" "$SECONDS"; }

# packages FOLDER: installs the packages of its lock file, unless they are up to date.
packages() {
    [[ $1/node_modules/.package-lock.json -nt $1/package-lock.json ]] ||
        npm ci --prefix "$1" --no-audit --no-fund --loglevel=error
}

"$binary" openapi >"$scratch/openapi.json"

say "Packages"
packages typescript
packages postman
python3 -m venv --without-pip "$scratch/venv"
python3 -m pip --python "$scratch/venv/bin/python" --quiet --disable-pip-version-check install --no-deps --no-compile \
    --only-binary :all: --require-hashes --requirement python/requirements.txt

say "The server"
port=$(python3 -c 'import socket; s = socket.create_server(("127.0.0.1", 0)); print(s.getsockname()[1])')
export TASKHUB_URL=http://127.0.0.1:$port
# Without the environment and the .env file of the user.
(cd "$scratch" && exec env -i "$binary" serve --data-dir data --listen "127.0.0.1:$port" --mail off) >"$scratch/server.log" 2>&1 &
server=$!
for _ in {1..300}; do
    curl --silent --fail --output /dev/null "$TASKHUB_URL/health/ready" && break
    kill -0 "$server"
    sleep 0.2
done
curl --silent --fail --output /dev/null "$TASKHUB_URL/health/ready"

say "TypeScript"
(
    cd typescript
    npm run --silent generate <"$scratch/openapi.json"
    npm run --silent check
    npm run --silent story
)

say "Python"
(
    export PATH=$scratch/venv/bin:$PATH PYTHONPATH=$scratch/python
    cd python
    mkdir "$scratch/python"
    # The document is not adapted to the generator, so that every user gets the same client.
    openapi-python-client generate --path "$scratch/openapi.json" --config config.yaml --meta none \
        --output-path "$scratch/python/taskhub_client" --fail-on-warning
    mypy --strict --cache-dir "$scratch/mypy" story.py "$scratch/python/taskhub_client"
    # Imports every operation, not only those of the example.
    (cd "$scratch/python" && find taskhub_client/api -name '*.py' | sed 's/\.py$//; s/\/__init__$//; s/\//./g; s/^/import /' | python -B -)
    python -B story.py
)

say "Postman"
(
    cd postman
    node collection.mjs "$scratch/collections" <"$scratch/openapi.json"
    for file in "$scratch"/collections/*; do
        kept=../../openapi/${file##*/}
        if [[ ${TASKHUB_REVIEW-} == 1 ]]; then
            cp "$file" "$kept"
        elif ! diff --brief "$kept" "$file"; then
            echo "${file##*/} is not what the document says: write it with TASKHUB_REVIEW=1 clients/run.sh" >&2
            exit 1
        fi
    done
    npx --no-install newman run ../../openapi/taskhub.postman_collection.json --folder "A flow" \
        --environment ../../openapi/taskhub.postman_environment.json --env-var "base_url=$TASKHUB_URL" \
        --reporters cli --reporter-cli-no-banner --bail
)
say "Done"
