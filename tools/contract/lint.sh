#!/usr/bin/env bash
# Checks the OpenAPI document against the rules of Spectral, OWASP and Redocly. Errors and warnings
# fail the check. Needs Node 20.19 or later. Connects to the npm registry only.
#
#   lint.sh [FILE]    the document; by default the one that the program of this source tree prints
set -euo pipefail
document=${1:+$(realpath "$1")}
cd "$(dirname "${BASH_SOURCE[0]}")"
export REDOCLY_TELEMETRY=off REDOCLY_SUPPRESS_UPDATE_NOTICE=true

npm ci --ignore-scripts --no-audit --no-fund --loglevel=error
if [[ -z $document ]]; then
    folder=$(mktemp -d)
    trap 'rm -rf "$folder"' EXIT
    document=$folder/openapi.yaml
    # Uses the features of the whole workspace, as the build of the tests does.
    cargo build --quiet --locked --workspace --bin taskhub
    "${CARGO_TARGET_DIR:-../../target}/debug/taskhub" openapi --yaml >"$document"
fi
npx --no-install spectral lint --fail-severity=hint --display-only-failures "$document"
npx --no-install redocly lint "$document"
