#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Only a doorway counts: what moves elsewhere in the picture is no event.
# shellcheck source=lib.sh
. "$(dirname "$(readlink -f "$0")")/lib.sh"
need 3 "usage: doorway.sh MODEL VIDEO AREA [FOLDER=clips] [IGNORE=]
AREA and IGNORE are polygons in shares of the frame, '0.4,0.2 0.6,0.2 0.6,1 0.4,1', or a .png that
is white there; IGNORE is left out even inside AREA (a screen by the door)." "$@"

exec gst-launch-1.0 -m \
  filesrc location="$2" ! decodebin ! videoconvert ! \
  noveltydetect model="$1" roi="$3" ${5:+ignore="$5"} ! \
  noveltyrecord what=clips location="${4:-clips}"
