#!/bin/sh
# Install Debian packages that the lab or the tests can use, if this user may; else say which command provides them.
# Usage: tools.sh frr|chromium|postgresql|redis|faketime ...   Never fails: tests skip what is missing, and name it.
set -u

wanted() {
    case $1 in
    frr) [ -x /usr/lib/frr/bgpd ] && [ -x /usr/lib/frr/frr-reload.py ] && command -v ip >/dev/null && command -v nft >/dev/null || echo "frr frr-pythontools iproute2 nftables" ;;
    chromium) command -v chromium >/dev/null || echo "chromium fonts-dejavu-core" ;;
    postgresql) ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 || echo "postgresql" ;;
    redis) command -v redis-server >/dev/null || echo "redis-server" ;;
    faketime) ls /usr/lib/*/faketime/libfaketimeMT.so.1 >/dev/null 2>&1 || echo "libfaketime" ;;
    *) echo "unknown tool: $1" >&2 ;;
    esac
}

packages=
for tool in "$@"; do packages="$packages $(wanted "$tool")"; done
packages=$(echo $packages)
[ -n "$packages" ] || exit 0
command="apt-get update && apt-get install -y $packages"
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    echo "installing $packages"
    export DEBIAN_FRONTEND=noninteractive
    if apt-get update -qq && apt-get install -y -qq --no-install-recommends $packages >/dev/null; then exit 0; fi
fi
echo "not installed: $packages; to run what needs them: $command" >&2
exit 0
