#!/usr/bin/env bash
# The engine against the independent oracle, on seeded adversarial streams. Arguments go on to compare.py.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
target=${CARGO_TARGET_DIR:-${XDG_CACHE_HOME:-$HOME/.cache}/nhip/target}
exec python3 "$here/compare.py" --nhip "${NHIP_BIN:-$target/release/nhip}" "$@"
