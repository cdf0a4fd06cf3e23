#!/usr/bin/env bash
# Makes the topics of deploy/topics.md with Kafka's own kafka-topics.sh; one that is there is left as it is.
# From the environment: BOOTSTRAP (127.0.0.1:9092), PREFIX (none), REPLICAS (3), MIN_INSYNC (2), KAFKA_BIN (a folder,
# if the commands are not on the path), COMMAND_CONFIG (a file with how the administrator signs in).
# Not here: who may do what (deploy/topics.md).
set -euo pipefail

kafka_topics=("${KAFKA_BIN:+$KAFKA_BIN/}kafka-topics.sh" --bootstrap-server "${BOOTSTRAP:-127.0.0.1:9092}")
[ -z "${COMMAND_CONFIG:-}" ] || kafka_topics+=(--command-config "$COMMAND_CONFIG")

# make NAME PARTITIONS SETTING…
make() {
    local name=$1 partitions=$2 setting settings=()
    shift 2
    for setting in "min.insync.replicas=${MIN_INSYNC:-2}" max.message.bytes=1179648 "$@"; do
        settings+=(--config "$setting")
    done
    "${kafka_topics[@]}" --create --if-not-exists --topic "$name" --partitions "$partitions" \
        --replication-factor "${REPLICAS:-3}" "${settings[@]}"
}

prefix="${PREFIX:-}"
make "${prefix}dossiers" 12 cleanup.policy=delete retention.ms=1209600000
make "${prefix}procedures" 3 cleanup.policy=delete retention.ms=1209600000
make "${prefix}petitions" 3 cleanup.policy=delete retention.ms=1209600000
make "${prefix}organisation" 1 cleanup.policy=delete retention.ms=1209600000
make "${prefix}exchange" 12 cleanup.policy=delete retention.ms=1209600000
make "${prefix}figures" 6 cleanup.policy=compact
make "${prefix}counts" 12 cleanup.policy=compact
make "${prefix}alerts" 3 cleanup.policy=compact
make "${prefix}dead-letters" 1 cleanup.policy=delete retention.ms=2592000000
