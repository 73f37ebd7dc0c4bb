# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2154,SC2034  # sourced by ./run, whose variables these are
# The Debian package and the relocatable tarball, and their trial in a fresh Debian 12.

run_package() {
  [ $# -eq 0 ] || [ "$*" = --check ] || die "package takes no arguments but --check"
  make_packages
  [ $# -eq 0 ] || check_packages
}

# Sets $version, $architecture, $package and $tarball.
make_packages() {
  install_packages "${build_packages[@]}" dpkg-dev zstd
  install_libtorch
  architecture=$(dpkg --print-architecture)
  local triplet stage
  triplet=$(dpkg-architecture -qDEB_HOST_MULTIARCH)
  configure build-package --prefix=/usr --libdir="lib/$triplet" -Dtests=disabled -Dexamples=disabled \
    -Dgst-plugin=enabled -Dvideo=enabled -Dopencv=enabled -Dtorch-backend=enabled -Ddownload=enabled -Dserve=enabled -Dbundle-libtorch=true
  step "building"
  ninja -C build-package --quiet || die "the build failed"
  version=$(meson introspect build-package --projectinfo | /usr/bin/python3 -c 'import json, sys; print(json.load(sys.stdin)["version"])')
  package=gst-novelty_${version}_$architecture.deb tarball=gst-novelty-$version-$architecture.tar.zst
  # Files are of the last commit's time, and come in the order of their names: the same bytes again.
  SOURCE_DATE_EPOCH=$(git log -1 --format=%ct 2>/dev/null) || SOURCE_DATE_EPOCH=$(date +%s)
  export SOURCE_DATE_EPOCH
  stage=build-package/stage
  rm -rf "$stage" && mkdir -p "$stage/debian" && touch "$stage/debian/control"
  step "installing into $stage"
  DESTDIR=$PWD/$stage/root meson install -C build-package --no-rebuild --quiet --strip >"$stage/log" 2>&1 ||
    { tail -5 "$stage/log" >&2; die "meson install failed"; }
  step "packing"
  make_deb "$stage"
  make_tarball "$stage"
  rm -rf "$stage"
  say "made $(du -h --apparent-size "$package" "$tarball" | sed 's/\t/ /' | paste -sd ';')"
}

# Beside the libraries that ours link: the elements that the program and every camera need, and those
# for most of the world's video.
make_deb() { # STAGE
  local root=$1/root libraries folders
  gzip -9n "$root"/usr/share/man/man1/*
  rm "$root/usr/share/doc/gst-novelty/"{LICENSE,NOTICE} # both are in copyright
  mapfile -t libraries < <(cd "$1" && find root/usr/bin root/usr/lib -type f \( -perm /100 -o -name '*.so*' \))
  mapfile -t folders < <(find "$root/usr/lib" -name '*.so*' -printf "-l$PWD/%h\n" | sort -u)
  (cd "$1" && dpkg-shlibdeps "${folders[@]}" --ignore-missing-info -O "${libraries[@]}" 2>shlibdeps.log >depends) ||
    { tail -5 "$1/shlibdeps.log" >&2; die "dpkg-shlibdeps failed"; }
  mkdir "$root/DEBIAN"
  cat >"$root/DEBIAN/control" <<EOF
Package: gst-novelty
Version: $version
Architecture: $architecture
Section: video
Priority: optional
Maintainer: The gst-novelty authors
Installed-Size: $(du -sk --apparent-size "$root/usr" | cut -f1)
Depends: $(sed -n 's/^shlibs:Depends=//p' "$1/depends"), gstreamer1.0-plugins-base, gstreamer1.0-plugins-good
Recommends: gstreamer1.0-tools, gstreamer1.0-plugins-bad, gstreamer1.0-plugins-ugly, gstreamer1.0-libav, python3-gi, gir1.2-gstreamer-1.0
Description: learns what footage normally looks like and flags what does not belong
 GStreamer elements that score video frames against a learnt model of the scene,
 mark and record what does not belong, live; and the program novelty, which
 trains such models. The LibTorch it was built with is included.
EOF
  echo "activate-noawait ldconfig" >"$root/DEBIAN/triggers"
  (cd "$root" && find usr -type f -print0 | sort -z | xargs -0 md5sum) >"$1/md5sums"
  mv "$1/md5sums" "$root/DEBIAN/md5sums"
  chmod -R u=rwX,go=rX "$root"
  dpkg-deb --root-owner-group -Zzstd -z12 --build "$root" "$package" >/dev/null || die "dpkg-deb failed"
  rm -r "$root/DEBIAN"
}

make_tarball() { # STAGE
  tar -C "$1/root" --transform "s,^usr,gst-novelty-$version," --sort=name --owner=0 --group=0 --numeric-owner \
    --mtime="@$SOURCE_DATE_EPOCH" -c usr | zstd -q -12 -T0 -f -o "$tarball"
}

# Needs root. .deps/bookworm is the fresh system; the trial is in a copy, which goes when it ends.
check_packages() {
  [ "$(id -u)" = 0 ] || die "package --check needs root (debootstrap, chroot)"
  install_packages debootstrap
  local fresh=$deps/bookworm
  if [ ! -e "$fresh/.complete" ]; then
    step "making a Debian 12 chroot in .deps/bookworm"
    rm -rf --one-file-system "$fresh"
    debootstrap --variant=minbase --include=ca-certificates,man-db,zstd bookworm "$fresh" >"$deps/debootstrap.log" 2>&1 ||
      { tail -5 "$deps/debootstrap.log" >&2; die "debootstrap failed"; }
    touch "$fresh/.complete"
  fi
  (
    jail=$(mktemp -d "$deps/bookworm.XXXXXX")
    trap 'umount "$jail/proc" 2>/dev/null; rm -rf --one-file-system "$jail"' EXIT
    trap 'exit 130' INT TERM HUP
    cp -a --reflink=auto "$fresh/." "$jail"
    cp /etc/resolv.conf "$jail/etc/"
    echo force-unsafe-io >"$jail/etc/dpkg/dpkg.cfg.d/trial" # the copy may be lost
    mkdir "$jail/trial"
    cp "$package" "$tarball" build-aux/check_package.sh "$jail/trial/"
    mount -t proc proc "$jail/proc"
    env -i PATH="$PATH" LC_ALL=C.UTF-8 DEBIAN_FRONTEND=noninteractive chroot "$jail" \
      bash /trial/check_package.sh "/trial/$package" "/trial/$tarball"
  ) || die "the packages failed"
  say "package: checked"
}
