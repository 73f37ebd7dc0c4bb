# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# What the scripts of this folder share: arguments checked, the uninstalled build found.

# need COUNT USAGE ARGS...: prints USAGE and exits 2 unless there are at least COUNT arguments.
need() {
  local count=$1 usage=$2
  shift 2
  if [ $# -lt "$count" ] || [ "${1:-}" = --help ]; then
    printf '%s\n' "$usage" >&2
    exit 2
  fi
}

die() { printf '%s: %s\n' "$(basename "$0")" "$*" >&2; exit 1; }

# Run from a source tree with a build folder, the uninstalled plugin is used.
here=$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")
built=${NOVELTY_BUILD_ROOT:-$(dirname "$here")/build}
if [ -d "$built/gst-plugin" ]; then
  export GST_PLUGIN_PATH_1_0=$built/gst-plugin${GST_PLUGIN_PATH_1_0:+:$GST_PLUGIN_PATH_1_0}
  export NOVELTY_BACKEND_DIR=${NOVELTY_BACKEND_DIR:-$built/core}
fi
set -eu
command -v gst-launch-1.0 >/dev/null || die "gst-launch-1.0 is missing: apt-get install gstreamer1.0-tools"
