#!/bin/sh
# Finishes the run image. mmdebstrap's extract mode unpacks packages and runs none of their maintainer scripts, which is what keeps dpkg,
# perl and a shell's worth of tools out: so this does what those scripts would have done, takes single files out of packages that are not
# worth having whole, and removes what no function uses.
# usage: hook.sh ROOT UID GID   (as root, by mmdebstrap --extract-hook, with APT_CONFIG pointing at the root's own apt)
set -eu
root=$1 uid=$2 gid=$3
packages=$(mktemp -d)
trap 'rm -rf "$packages"' EXIT
python=$(cd "$root/usr/bin" && echo python3.??)

# Only some of their files are wanted: openssl and its perl, libc-bin and base-passwd stay out otherwise.
unpack_partly_wanted() {
    for name in ca-certificates openssl base-passwd libc-bin; do
        (cd "$packages" && APT_CONFIG=$MMDEBSTRAP_APT_CONFIG apt-get -q -o APT::Sandbox::User=root download "$name")
        mkdir "$packages/$name"
        dpkg-deb -x "$packages/${name}_"*.deb "$packages/$name"
    done
}

add_certificates() {
    mkdir -p "$root/etc/ssl/certs" "$root/etc/ssl/private" "$root/usr/lib/ssl"
    (cd "$packages/ca-certificates/usr/share/ca-certificates" && find mozilla -name '*.crt' | LC_ALL=C sort | xargs cat) \
        > "$root/etc/ssl/certs/ca-certificates.crt"
    cp "$packages/openssl/etc/ssl/openssl.cnf" "$root/etc/ssl/openssl.cnf"
    ln -sfn /etc/ssl/certs "$root/usr/lib/ssl/certs"
    ln -sfn /etc/ssl/openssl.cnf "$root/usr/lib/ssl/openssl.cnf"
    # Python's ssl module finds no certificate authority without this name.
    ln -sfn /etc/ssl/certs/ca-certificates.crt "$root/usr/lib/ssl/cert.pem"
}

add_libc_files() {
    # setlocale("C.UTF-8") needs the first, ctypes.util.find_library runs the second.
    mkdir -p "$root/usr/lib/locale"
    cp -r "$packages/libc-bin/usr/lib/locale/C.utf8" "$root/usr/lib/locale/"
    cp "$packages/libc-bin/usr/sbin/ldconfig" "$root/usr/sbin/ldconfig"
    cp "$packages/libc-bin/usr/share/libc-bin/nsswitch.conf" "$root/etc/nsswitch.conf"
    ldconfig -r "$root"
    rm -rf "$root/var/cache/ldconfig"
}

add_user() {
    cp "$packages/base-passwd/usr/share/base-passwd/passwd.master" "$root/etc/passwd"
    cp "$packages/base-passwd/usr/share/base-passwd/group.master" "$root/etc/group"
    echo "cnb:x:$uid:$gid:cnb:/home/cnb:/bin/sh" >> "$root/etc/passwd"
    echo "cnb:x:$gid:" >> "$root/etc/group"
    install -d -m 755 -o "$uid" -g "$gid" "$root/home/cnb" "$root/workspace"
    install -d -m 1777 "$root/tmp"
}

# The convention of distroless images, which vulnerability scanners read where there is no dpkg.
record_packages() {
    mkdir -p "$root/var/lib/dpkg/status.d"
    for deb in "$packages"/*.deb "$root"/var/cache/apt/archives/*.deb; do
        name=$(dpkg-deb -f "$deb" Package)
        { dpkg-deb -f "$deb"; echo "SHA256: $(sha256sum "$deb" | cut -d' ' -f1)"; } > "$root/var/lib/dpkg/status.d/$name"
        dpkg-deb --ctrl-tarfile "$deb" | tar -xO ./md5sums > "$root/var/lib/dpkg/status.d/$name.md5sums" 2>/dev/null || true
    done
}

# Others' maintainer scripts need them, or line editing does; no function calls them. Berkeley DB is for dbm.ndbm alone, and large:
# dbm and shelve take SQLite where it is missing.
remove_packages() {
    rm -f "$root/usr/lib/$python"/lib-dynload/_dbm.*
    for name in debconf debianutils mawk readline-common libdb5.3t64; do
        dpkg-deb --fsys-tarfile "$root/var/cache/apt/archives/${name}_"*.deb | tar -t | grep -v '/$' | (cd "$root" && xargs -r rm -f)
        rm -f "$root/var/lib/dpkg/status.d/$name" "$root/var/lib/dpkg/status.d/$name.md5sums"
    done
}

remove_unused_files() {
    # Python's own tests, and the modules that are there for them only.
    (cd "$root/usr/lib/$python" && rm -rf test lib-dynload/_test* lib-dynload/_ctypes_test* lib-dynload/_xxtestfuzz* lib-dynload/xx*)
    rm -rf "$root"/usr/share/perl5 "$root"/usr/share/debconf "$root"/usr/lib/*/gconv "$root"/etc/apt
    rm -rf "$root"/usr/share/gcc "$root"/usr/share/gdb "$root"/usr/share/bug "$root"/usr/share/lintian "$root"/etc/dpkg
    # mmdebstrap copied them from the machine it runs on; every container gets its own.
    rm -f "$root/etc/hostname" "$root/etc/resolv.conf"
    # Ubuntu's crash reporter: an import that fails at every start, and it would hide a sitecustomize that the user installs.
    rm -rf "$root/usr/lib/$python/sitecustomize.py" "$root/etc/$python"
    find "$root/var/lib/dpkg" -mindepth 1 -maxdepth 1 ! -name status.d -exec rm -rf {} +
    rm -rf "$root"/var/cache/* "$root"/var/lib/apt "$root"/var/log/* "$root/var/run" "$root/var/lock"
    ln -s /run "$root/var/run"
    ln -s /run/lock "$root/var/lock"
}

finish_python() {
    ln -sfn "$python" "$root/usr/bin/python3"
    ln -sfn /usr/share/zoneinfo/Etc/UTC "$root/etc/localtime"
    # Checked by nothing at run time: these files never change, and every stat counts in a cold start.
    chroot "$root" "/usr/bin/$python" -S -m compileall -q -j0 --invalidation-mode unchecked-hash "/usr/lib/$python"
}

unpack_partly_wanted
add_certificates
add_libc_files
add_user
record_packages
remove_packages
remove_unused_files
finish_python
