#!/usr/bin/env bash
# Checks the language of the documentation and of the OpenAPI document, and the spelling in the Rust
# sources: see README.md. Needs Node 20.19 or later. Connects to the npm registry only.
#
#   lint.sh            fails on new findings and on stale lines of the baseline
#   lint.sh --prune    removes the stale lines from the baseline
#   lint.sh --write    writes the baseline again, with all findings
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"

npm ci --ignore-scripts --no-audit --no-fund --loglevel=error
node lint.mjs "$@"
