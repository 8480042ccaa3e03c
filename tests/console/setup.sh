#!/bin/bash
# What `nox -s browser` needs: a Chromium on this machine, from Debian, with letters to draw. CALLCTL_CHROMIUM names
# another.
set -euo pipefail

fail() { echo "browser: $*" >&2; exit 2; }
[ -n "${CALLCTL_CHROMIUM:-}" ] && exit 0
command -v chromium chromium-browser google-chrome >/dev/null && exit 0
[ "$(id -u)" = 0 ] || fail "no Chromium is installed, and installing it needs root"
command -v apt-get >/dev/null || fail "no Chromium is installed, and this is not Debian or a child of it"

apt_get() { DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=300 -qq "$@" >/dev/null; }
apt_get install -y --no-install-recommends chromium fonts-dejavu-core 2>/dev/null \
  || { apt_get update && apt_get install -y --no-install-recommends chromium fonts-dejavu-core; } \
  || fail "Chromium cannot be installed"
