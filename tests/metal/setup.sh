#!/bin/bash
# What `nox -s metal` needs: a Debian 13 with systemd, PostgreSQL and Redis in a folder of its own, so that nothing of it
# is installed or started on this machine. Four minutes and 600 MB the first time, at once the next.
#   setup.sh          installs; prints the folder
# CALLCTL_METAL_ROOT moves the folder.
set -euo pipefail

root=${CALLCTL_METAL_ROOT:-/var/tmp/callctl-metal}

fail() { echo "metal: $*" >&2; exit 2; }
[ "$(id -u)" = 0 ] || fail "needs root, for a machine of its own (unshare, mount)"
command -v apt-get >/dev/null || fail "needs Debian or a child of it (apt-get is missing)"
unshare -m true 2>/dev/null || fail "needs the right to make a mount namespace (in a container: CAP_SYS_ADMIN)"

apt_get() { DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=300 -qq "$@" >/dev/null; }
missing=()
command -v ip >/dev/null || missing+=(iproute2)
[ -x "$root/sbin/init" ] || command -v mmdebstrap >/dev/null || missing+=(mmdebstrap debian-archive-keyring)
install() { apt_get install -y --no-install-recommends "${missing[@]}"; }
[ ${#missing[@]} = 0 ] || install 2>/dev/null || { apt_get update && install; } || fail "cannot install ${missing[*]}"
[ -x "$root/sbin/init" ] && { echo "$root"; exit; }

# The mirror is the one this machine uses.
mirror=$({ cat /etc/apt/sources.list /etc/apt/sources.list.d/* 2>/dev/null || true; } \
  | grep -ohE 'https?://[^ ]+/debian/?( |$)' | head -1 | tr -d ' ')
rm -rf "$root.part" "$root"
mmdebstrap -q --variant=apt --aptopt='APT::Install-Recommends "false"' --aptopt='Acquire::Check-Valid-Until "false"' \
  --include=systemd-sysv,dbus,procps,python3-venv,postgresql,postgresql-17-pgvector,redis-server \
  trixie "$root.part" ${mirror:+"$mirror"} >&2 || fail "mmdebstrap could not build $root"
mv "$root.part" "$root"
echo "$root"
