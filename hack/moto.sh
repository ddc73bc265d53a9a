#!/bin/sh
# Installs moto's server once, in a virtual environment in the cache folder, and runs it in the foreground.
#
#   hack/moto.sh install        installs, and prints the path of moto_server
#   hack/moto.sh run [PORT]     installs if need be, and serves on 127.0.0.1:PORT (5566)
#   hack/moto.sh with COMMAND…  serves while COMMAND runs, with FLEETGATE_MOTO_URL set for it
#
# Such as: hack/moto.sh with go test ./providers/aws -run Integration
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

with() {
	port=5567
	"$server" -H 127.0.0.1 -p "$port" >/dev/null 2>&1 &
	moto=$!
	trap 'kill "$moto" 2>/dev/null' EXIT
	tries=0
	until python3 -c "import socket; socket.create_connection(('127.0.0.1', $port), 1)" 2>/dev/null; do
		tries=$((tries + 1))
		[ "$tries" -lt 60 ] || { echo "moto.sh: the server does not answer" >&2; exit 1; }
		sleep 0.5
	done
	FLEETGATE_MOTO_URL="http://127.0.0.1:$port" "$@"
}

case "${1:-}" in
with)
	shift
	command -v python3 >/dev/null || { echo "moto.sh: no python3, so no second judge: skipped" >&2; exit 0; }
	install && with "$@"
	;;
install) install && echo "$server" ;;
run) install && exec "$server" -H 127.0.0.1 -p "${2:-5566}" ;;
*) sed -n '2,9s/^# \{0,1\}//p' "$0" >&2; exit 2 ;;
esac
