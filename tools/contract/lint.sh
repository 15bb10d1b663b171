#!/usr/bin/env bash
# Holds the OpenAPI document, as the program prints it, to the rules of Spectral, OWASP and Redocly: no error and no warning is let through.
# Needs Node 20.19 or later; nothing but the npm registry is asked for anything.
#
#   lint.sh [FILE]    the document; without it, that of this tree's program
set -euo pipefail
document=${1:+$(realpath "$1")}
cd "$(dirname "${BASH_SOURCE[0]}")"
export REDOCLY_TELEMETRY=off REDOCLY_SUPPRESS_UPDATE_NOTICE=true

npm ci --ignore-scripts --no-audit --no-fund --loglevel=error
if [[ -z $document ]]; then
    folder=$(mktemp -d)
    trap 'rm -rf "$folder"' EXIT
    document=$folder/openapi.yaml
    # With the features of the whole workspace, as tests build it.
    cargo build --quiet --locked --workspace --bin taskhub
    "${CARGO_TARGET_DIR:-../../target}/debug/taskhub" openapi --yaml >"$document"
fi
npx --no-install spectral lint --fail-severity=hint --display-only-failures "$document"
npx --no-install redocly lint "$document"
