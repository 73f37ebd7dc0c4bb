#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Runs as root in a fresh Debian: installs the package, works with it as an ordinary user, removes it,
# and works with the tarball from an odd place.
#
# usage: check_package.sh PACKAGE.deb TARBALL.tar.zst
set -euo pipefail
package=$1 tarball=$2
user=tester home=/home/tester

step() { printf '== %s\n' "$*"; }
die() { printf 'check_package: %s\n' "$*" >&2; exit 1; }

# as_user [NAME=VALUE...] COMMAND...
as_user() {
  (cd "$home" && exec setpriv --reuid "$user" --regid "$user" --init-groups \
    env -i HOME="$home" USER="$user" PATH=/usr/local/bin:/usr/bin:/bin LC_ALL=C.UTF-8 "$@")
}

# try_out [NAME=VALUE...]: is all found?
try_out() {
  as_user "$@" novelty --version
  as_user "$@" gst-inspect-1.0 noveltydetect | grep -E 'Filename|Long-name'
  as_user "$@" novelty doctor
}

# From footage to a recording, in short. What a model of so little is worth does not matter here: the
# recorder gets every frame.
detect() {
  as_user novelty scene cell.mp4 --seconds 6 --novel 60-89 --labels cell.json
  as_user novelty train cell.mp4 --frames 0-44 --max-frames 20 --epochs 1 -o cell.novelty
  as_user gst-launch-1.0 -q filesrc location=cell.mp4 ! decodebin ! videoconvert ! \
    noveltydetect model=cell.novelty mode=every-frame threshold=1 ! noveltyoverlay ! noveltyrecord location=clips
  as_user novelty score cell.novelty cell.mp4
  [ -s "$home/cell.novelty" ] || die "no model was written"
  find "$home/clips" -type f -printf '%P %s bytes\n' | sort
  find "$home/clips" -name '*.json' | grep -q . || die "nothing was recorded"
  as_user novelty review clips
}

step "installing $(basename "$package")"
useradd --create-home --shell /bin/bash "$user"
apt-get update -qq
apt-get install -y -qq "$package" >/trial/apt.log 2>&1 || { tail -5 /trial/apt.log >&2; die "apt-get install failed"; }
dpkg -L gst-novelty | sort >/trial/files
dpkg-query -W -f '${Package} ${Version}, ${Installed-Size} KiB\n' gst-novelty
(cd / && md5sum --quiet -c /var/lib/dpkg/info/gst-novelty.md5sums)

step "as an ordinary user"
try_out
as_user man -w novelty
[ -s /usr/share/doc/gst-novelty/copyright ] || die "no copyright file"
detect

step "removing"
apt-get remove -y -qq gst-novelty >>/trial/apt.log 2>&1 || { tail -5 /trial/apt.log >&2; die "apt-get remove failed"; }
left=$(find / -xdev \( -path /proc -o -path /trial -o -path "$home" \) -prune -o -iname '*novelty*' -print)
[ -z "$left" ] || die "left behind: $left"

step "the tarball at an odd place"
odd="$home/Ünusual place, really"
as_user mkdir "$odd"
tar --zstd -xf "$tarball" -C "$odd" --no-same-owner
tree=$(echo "$odd"/gst-novelty-*)
try_out "PATH=$tree/bin:/usr/bin:/bin" "GST_PLUGIN_PATH=$(echo "$tree"/lib/*/gstreamer-1.0)"
