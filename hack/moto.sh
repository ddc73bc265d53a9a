#!/bin/sh
# Installs moto's server once, in a virtual environment in the cache folder, and runs it in the foreground.
#
#   hack/moto.sh install        installs, and prints the path of moto_server
#   hack/moto.sh run [PORT]     installs if need be, and serves on 127.0.0.1:PORT (5566)
#
# The AWS suite then runs against it:
#   FLEETGATE_MOTO_URL=http://127.0.0.1:5566 go test ./providers/aws -run Integration
set -eu

version=5.2.5
cache="${XDG_CACHE_HOME:-$HOME/.cache}/fleetgate/moto/$version"
server="$cache/bin/moto_server"

install() {
	[ -x "$server" ] && [ -e "$cache/complete" ] && return
	command -v python3 >/dev/null || { echo "moto.sh: python3 is not installed; the moto suite is skipped without it" >&2; exit 3; }
	rm -rf "$cache"
	mkdir -p "$(dirname "$cache")"
	python3 -m venv "$cache" >&2
	"$cache/bin/pip" install --quiet --disable-pip-version-check "moto[server]==$version" >&2
	touch "$cache/complete"
}

case "${1:-}" in
install) install && echo "$server" ;;
run) install && exec "$server" -H 127.0.0.1 -p "${2:-5566}" ;;
*) sed -n '2,8s/^# \{0,1\}//p' "$0" >&2; exit 2 ;;
esac
