#!/usr/bin/env bash
# The Kafka source against a real broker: fetches Apache Kafka once, then runs the test target `kafka`.
# `bash tests/kafka/run.sh [a part of a test's name]`. Test code here is Rust beside this file.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
# shellcheck source=deploy/setup.sh
source deploy/setup.sh

prepare_build
prepare_broker
[ -n "${NHIP_BIN:-}" ] || build_nhip
# One after another: each has a broker, a server and senders, and two cores are few.
cargo test --release --locked --workspace --test kafka -- --test-threads=1 "$@"
