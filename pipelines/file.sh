#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A video file, as fast as it decodes: every frame is scored, clips of the events go to a folder.
# shellcheck source=lib.sh
. "$(dirname "$(readlink -f "$0")")/lib.sh"
need 2 "usage: file.sh MODEL VIDEO [FOLDER=clips]
Writes a clip and a JSON sidecar for each event; prints the detector's messages." "$@"

exec gst-launch-1.0 -m \
  filesrc location="$2" ! decodebin ! videoconvert ! \
  noveltydetect model="$1" mode=every-frame ! \
  noveltyrecord what=clips location="${3:-clips}"
