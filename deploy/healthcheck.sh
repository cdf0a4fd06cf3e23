#!/usr/bin/env bash
# Ends with 0 if the server beside it is ready to answer: `healthcheck.sh [HOST:PORT]`. For images, which have no curl:
# bash opens the connection itself. Not here: whether its figures are well (`nhip doctor`).
set -euo pipefail
address="${1:-127.0.0.1:7660}"
exec 3<>"/dev/tcp/${address%:*}/${address##*:}"
printf 'GET /readyz HTTP/1.1\r\nhost: nhip\r\nconnection: close\r\n\r\n' >&3
read -r -t 4 _ status _ <&3
[ "$status" = 200 ]
