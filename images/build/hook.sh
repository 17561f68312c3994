#!/bin/sh
# Finishes the build image: the user that buildpacks run as, and what the build may know of the run image's Python.
# usage: hook.sh ROOT UID GID   (as root, by mmdebstrap --customize-hook)
set -eu
root=$1 uid=$2 gid=$3

chroot "$root" groupadd --gid "$gid" cnb
chroot "$root" useradd --uid "$uid" --gid "$gid" --create-home --shell /bin/bash cnb
install -d -m 755 -o "$uid" -g "$gid" "$root/workspace" "$root/layers"

# Both images come from the same packages in the same run, so this interpreter is the run image's too.
mkdir -p "$root/etc/funcpack"
chroot "$root" python3 -c 'import platform, os; print(platform.python_version(), os.path.realpath("/usr/bin/python3"))' \
    > "$root/etc/funcpack/run-image-python"

# dpkg does not record the hashes of the archives that it installs. The bill of materials has them.
installed=$(chroot "$root" dpkg-query --show --showformat='${Package}:${Architecture}=${Version} ')
APT_CONFIG=$MMDEBSTRAP_APT_CONFIG apt-cache show $installed > "$root/var/lib/dpkg/available"

# Only git's commands for mail and Subversion need Perl's modules, which are larger than git.
rm -rf "$root/usr/share/perl" "$root"/usr/lib/*/perl

# Dates and machine names that would make every build of the image another one.
rm -rf "$root"/etc/apt "$root"/var/lib/apt "$root"/var/cache/* "$root"/var/log/* "$root"/etc/hostname "$root"/etc/resolv.conf "$root"/etc/machine-id
# A password's day of last change is the day of the build.
sed -i 's/^\([^:]*:[^:]*:\)[0-9]*:/\1:/' "$root/etc/shadow"
rm -f "$root"/etc/passwd- "$root"/etc/group- "$root"/etc/shadow- "$root"/etc/gshadow- "$root"/var/lib/dpkg/*-old
