#!/bin/bash
# A machine in the foreground: systemd as its first process, in namespaces and a control group of its own, over a file
# system in memory above ROOT, which stays as it is. It has no network but its own loopback, and ends with whoever
# started it.
#   boot.sh ROOT SHARED       SHARED: a folder that it sees as /srv/callctl
set -euo pipefail

if [ "$1" != inside ]; then
  unified=$(awk '$3 == "cgroup2" { print $2; exit }' /proc/mounts)
  own=$unified$(sed -n 's/^0:://p' /proc/self/cgroup)/callctl-metal-$$
  mkdir "$own" && echo $$ >"$own/cgroup.procs"
  # What this machine has only once, the kernel's modules and its clock, are not for that one to change.
  exec setpriv --pdeathsig KILL --bounding-set -sys_module,-sys_time --inh-caps -sys_module,-sys_time \
    unshare --fork --kill-child --pid --mount --net --uts --ipc --cgroup "$0" inside "$@"
fi

mount --make-rprivate /
top=$(mktemp -d) && mount -t tmpfs tmpfs "$top" && mkdir "$top"/{upper,work,root}
root=$top/root
mount -t overlay overlay -o "lowerdir=$2,upperdir=$top/upper,workdir=$top/work" "$root"
mount -t proc proc "$root/proc"
mount --bind "$root/proc/sys" "$root/proc/sys" && mount -o remount,bind,ro "$root/proc/sys"
mount -t sysfs -o ro sysfs "$root/sys"
mount -t cgroup2 cgroup2 "$root/sys/fs/cgroup"
mount -t tmpfs -o mode=755 tmpfs "$root/run"
mount -t tmpfs -o mode=755 tmpfs "$root/dev"
for node in null zero full random urandom tty; do
  touch "$root/dev/$node" && mount --bind "/dev/$node" "$root/dev/$node"
done
mkdir "$root/dev/pts" "$root/dev/shm"
mount -t devpts -o newinstance,ptmxmode=0666 devpts "$root/dev/pts" && ln -s pts/ptmx "$root/dev/ptmx"
mkdir -p "$root/srv/callctl" && mount --bind "$3" "$root/srv/callctl"
ip link set lo up
hostname metal
cd "$root" && mkdir .before && pivot_root . .before
exec chroot . /bin/sh -c 'umount -l /.before && rmdir /.before && exec env -i container=callctl /sbin/init'
