#!/usr/bin/env bash
# Installs the Debian packages of debian-packages.txt, or of the list that is named, that are missing. Elsewhere it names them and fails.
set -euo pipefail
cd "$(dirname "$0")"
list=${1:-debian-packages.txt}
missing=()
while read -r package; do
  dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q 'install ok installed' || missing+=("$package")
done < "$list"
[ ${#missing[@]} -eq 0 ] && exit 0
if ! command -v apt-get >/dev/null || [ "$(id -u)" != 0 ]; then
  echo "not installed, and this is not root on Debian: ${missing[*]}" >&2
  exit 1
fi
apt-get update -qq
DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}"
