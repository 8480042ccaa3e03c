#!/bin/bash
# What `nox -s asterisk` needs: SIPp on this machine, and a real Asterisk 22 in a root file system of its own, so that
# nothing of it is installed here. About a minute and 370 MB the first time, at once the next.
#   setup.sh          installs; prints the folder
# CALLCTL_ASTERISK_ROOT moves the folder; not below a home folder that others may not enter.
set -euo pipefail

root=${CALLCTL_ASTERISK_ROOT:-/var/tmp/callctl-asterisk}

fail() { echo "asterisk: $*" >&2; exit 2; }
[ "$(id -u)" = 0 ] || fail "needs root, for the root file system of its own (chroot, unshare)"
command -v apt-get >/dev/null || fail "needs Debian or a child of it (apt-get is missing)"
unshare -m true 2>/dev/null || fail "needs the right to make a mount namespace (in a container: CAP_SYS_ADMIN)"

apt_get() { DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=300 -qq "$@" >/dev/null; }

missing=()
command -v sipp >/dev/null || missing+=(sip-tester)
command -v ip >/dev/null || missing+=(iproute2)
[ -x "$root/usr/sbin/asterisk" ] || command -v mmdebstrap >/dev/null || missing+=(mmdebstrap)
[ -e /usr/share/keyrings/debian-archive-keyring.gpg ] || missing+=(debian-archive-keyring)
if [ ${#missing[@]} -gt 0 ]; then
  apt_get install -y --no-install-recommends "${missing[@]}" 2>/dev/null \
    || { apt_get update && apt_get install -y --no-install-recommends "${missing[@]}"; } \
    || fail "cannot install ${missing[*]}"
fi

# Debian 12 and 13 carry no asterisk package, forky does. The mirror is the one this machine uses.
if [ ! -x "$root/usr/sbin/asterisk" ]; then
  mirror=$({ cat /etc/apt/sources.list /etc/apt/sources.list.d/* 2>/dev/null || true; } \
    | grep -ohE 'https?://[^ ]+/debian/?( |$)' | head -1 | tr -d ' ')
  rm -rf "$root.part" "$root"
  mmdebstrap -q --variant=apt --aptopt='APT::Install-Recommends "false"' \
    --aptopt='Acquire::Check-Valid-Until "false"' --include=ca-certificates,asterisk \
    forky "$root.part" ${mirror:+"$mirror"} || fail "mmdebstrap could not build $root"
  mv "$root.part" "$root"
fi
echo "$root"
