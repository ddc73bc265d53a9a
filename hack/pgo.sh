#!/usr/bin/env bash
# Records the profile that the proxy is built by: a few seconds of each case that stands for how proxies are used, merged.
set -euo pipefail
cd "$(dirname "$0")/.."
profile=cmd/proxy/default.pgo
parts=$(mktemp -d)
trap 'rm -rf "$parts"' EXIT
for case in ${CASES:-keepalive-64 rate-12000 connects body-16k body-128k upload-1m tls-keepalive http2-tls grpc-unary grpc-streaming websocket access-log}; do
  bin/bench/bench -cases "$case" -rounds 1 -seconds "${SECONDS_EACH:-5}" -profile "$parts/$case.prof"
done
go tool pprof -proto -output "$profile" "$parts"/*.prof
ls -l "$profile"
