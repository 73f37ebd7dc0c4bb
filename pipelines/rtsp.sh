#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A network camera over RTSP: clips of the events, with a second of footage before each, recorded as
# the camera sends them.
# shellcheck source=lib.sh
. "$(dirname "$(readlink -f "$0")")/lib.sh"
need 2 "usage: rtsp.sh MODEL rtsp://[USER:PASSWORD@]HOST[:PORT]/PATH [FOLDER=clips] [CAMERA=rtsp]
Runs until Ctrl-C or the server ends the stream; prints the detector's messages." "$@"

exec gst-launch-1.0 -e -m \
  rtspsrc location="$2" latency=200 protocols=tcp ! application/x-rtp,media=video ! parsebin ! tee name=t \
  t. ! queue ! decodebin ! videoconvert ! noveltydetect name=detect model="$1" camera="${4:-rtsp}" ! fakesink \
  t. ! queue ! noveltyrecord detector=detect location="${3:-clips}" pre-roll=1
