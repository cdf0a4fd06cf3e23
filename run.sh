#!/usr/bin/env bash
# Builds Nhịp and opens the demonstration: `bash run.sh`, then http://127.0.0.1:7660. On a fresh Debian machine it
# installs what is missing first. Arguments go to `nhip demo`.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
# shellcheck source=deploy/setup.sh
source deploy/setup.sh

prepare_build
say "building nhip (many minutes the first time on a machine, seconds later)"
build_nhip
say "nhip lies at $NHIP_BIN"
exec "$NHIP_BIN" demo "$@"
