#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Two cameras in one process, each with its own model and folder; one never waits for the other.
# shellcheck source=lib.sh
. "$(dirname "$(readlink -f "$0")")/lib.sh"
need 4 "usage: two_cameras.sh MODEL_A URI_A MODEL_B URI_B [FOLDER=clips]
A URI is file:///..., rtsp://... or v4l2:///dev/video0; prints the messages of both." "$@"

exec gst-launch-1.0 -e -m \
  uridecodebin uri="$2" ! queue ! videoconvert ! noveltydetect model="$1" camera=a ! noveltyrecord location="${5:-clips}/a" \
  uridecodebin uri="$4" ! queue ! videoconvert ! noveltydetect model="$3" camera=b ! noveltyrecord location="${5:-clips}/b"
