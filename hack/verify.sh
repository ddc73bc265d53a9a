#!/usr/bin/env bash
# Regenerates into a copy of the tree and fails when anything differs.
set -euo pipefail
cd "$(dirname "$0")/.."
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
git ls-files -z --cached --others --exclude-standard | xargs -0 tar c --ignore-failed-read 2>/dev/null | tar x -C "$work"
(
  cd "$work"
  git init -q && git add -A && git -c user.name=verify -c user.email=verify@localhost commit -qm verify
  make -s generate
  go mod tidy
  (cd e2e/conformance && go mod tidy)
  (cd e2e/experimental/authserver && go mod tidy)
  git --no-pager diff --exit-code --stat || {
    git --no-pager diff | head -100
    echo "generated files, formatting or go.mod are not up to date: run 'make generate' and 'go mod tidy'" >&2
    exit 1
  }
)
