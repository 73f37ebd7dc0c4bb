#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# No camera at hand: GStreamer's test picture, live, with the overlay in a window.
# shellcheck source=lib.sh
. "$(dirname "$(readlink -f "$0")")/lib.sh"
need 1 "usage: testsrc.sh MODEL [SINK=autovideosink] [BUFFERS=-1]
Everything is novel unless MODEL was trained on the test picture; prints the detector's messages." "$@"

exec gst-launch-1.0 -m \
  videotestsrc is-live=true pattern=ball num-buffers="${3:--1}" ! video/x-raw,width=640,height=480,framerate=15/1 ! \
  noveltydetect model="$1" ! noveltyoverlay ! videoconvert ! "${2:-autovideosink}"
