#!/bin/bash
# What tests/haproxy needs: HAProxy on this machine, from Debian. Its own service is not started.
set -euo pipefail

fail() { echo "haproxy: $*" >&2; exit 2; }
command -v haproxy >/dev/null && exit 0
[ "$(id -u)" = 0 ] || fail "is not installed, and installing it needs root"
command -v apt-get >/dev/null || fail "is not installed, and this is not Debian or a child of it"

# No runlevel: the package would start a service that nobody wants here.
apt_get() { DEBIAN_FRONTEND=noninteractive RUNLEVEL=1 apt-get -o DPkg::Lock::Timeout=300 -qq "$@" >/dev/null; }
apt_get install -y --no-install-recommends haproxy 2>/dev/null \
  || { apt_get update && apt_get install -y --no-install-recommends haproxy; } \
  || fail "cannot be installed"
