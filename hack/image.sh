#!/usr/bin/env bash
# Builds fleetgate/{operator,proxy}:VERSION with docker if an engine answers, else with buildah.
set -euo pipefail
cd "$(dirname "$0")/.."
version=${1:?usage: image.sh VERSION}
export CGO_ENABLED=0
for name in operator proxy; do
  go build -trimpath -ldflags "-s -w -X main.version=$version" -o "dist/$name" "./cmd/$name"
  if docker info >/dev/null 2>&1; then
    docker build --build-arg NAME="$name" -t "fleetgate/$name:$version" .
  else
    buildah --storage-driver vfs bud --isolation chroot --build-arg NAME="$name" -t "fleetgate/$name:$version" .
  fi
done
