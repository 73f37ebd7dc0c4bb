#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A USB camera: overlay in a window, stills of what does not belong in a folder.
# shellcheck source=lib.sh
. "$(dirname "$(readlink -f "$0")")/lib.sh"
need 1 "usage: camera.sh MODEL [DEVICE=/dev/video0] [FOLDER=stills] [SINK=autovideosink]
SOURCE='videotestsrc is-live=true num-buffers=100' in the environment replaces the camera." "$@"

device=${2:-/dev/video0}
source=${SOURCE:-v4l2src device=$device}
[ -n "${SOURCE:-}" ] || [ -e "$device" ] || die "no camera at $device (v4l2-ctl --list-devices shows them)"

# shellcheck disable=SC2086  # the source is several words
exec gst-launch-1.0 -m \
  $source ! videoconvert ! \
  noveltydetect model="$1" camera="$(basename "$device")" ! noveltyoverlay ! tee name=t \
  t. ! queue ! videoconvert ! "${4:-autovideosink}" \
  t. ! queue ! noveltyrecord what=frames location="${3:-stills}"
