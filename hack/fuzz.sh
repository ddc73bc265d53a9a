#!/usr/bin/env bash
# Runs each fuzz target of the module for FUZZTIME.
set -euo pipefail
cd "$(dirname "$0")/.."
grep -rlE '^func Fuzz' --include='*_test.go' . | xargs -n1 dirname | sort -u | while read -r pkg; do
  grep -hoE '^func (Fuzz[A-Za-z0-9_]*)' "$pkg"/*_test.go | awk '{print $2}' | sort -u | while read -r target; do
    echo "$pkg $target"
    go test -run '^$' -fuzz "^$target\$" -fuzztime "${FUZZTIME:-30s}" "$pkg"
  done
done
