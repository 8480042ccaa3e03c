#!/bin/bash
# Asterisk in the foreground, at the real-time priority (-p) that its package's unit gives it; nothing stays mounted when it
# ends, and it ends with whoever started it.
#   run.sh ROOT CONFIG      CONFIG: its asterisk.conf, as seen from inside ROOT
exec setpriv --pdeathsig KILL unshare -m sh -c '
  mount --make-rprivate / && mount -t proc proc "$1/proc" && mount --rbind /dev "$1/dev" \
    && exec chroot "$1" /usr/sbin/asterisk -C "$2" -f -n -p' _ "$1" "$2"
