#!/bin/bash
# What `nox -s watch` needs: the programs of Prometheus and Alertmanager, unpacked into a folder of their own, so that
# no service is installed or started here. 60 MB; at once the second time.
#   setup.sh          unpacks; prints the folder
# CALLCTL_WATCH_ROOT moves the folder.
set -euo pipefail

root=${CALLCTL_WATCH_ROOT:-/var/tmp/callctl-watch}

fail() { echo "watch: $*" >&2; exit 2; }
command -v apt-get >/dev/null || fail "needs Debian or a child of it (apt-get is missing)"

if [ ! -x "$root/usr/bin/promtool" ]; then
  part=$(mktemp -d) && trap 'rm -rf "$part"' EXIT
  cd "$part"
  download() { apt-get -qq download prometheus prometheus-alertmanager; }
  download 2>/dev/null || { apt-get -qq update && download; } || fail "cannot download prometheus"
  rm -rf "$root"
  for package in "$part"/*.deb; do dpkg-deb --extract "$package" "$root"; done
fi
echo "$root"
