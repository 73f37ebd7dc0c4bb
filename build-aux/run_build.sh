# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2154,SC2034  # sourced by ./run, whose variables these are
# Configure and compile, and the environment in which the result runs uninstalled.

# configure FOLDER [MESON OPTIONS...]
configure() {
  local folder=$1
  shift
  if [ -e "$folder/build.ninja" ]; then
    # A changed LibTorch takes effect; an unchanged one costs nothing.
    [ "$(cat "$folder/.libtorch" 2>/dev/null)" = "$LIBTORCH" ] || meson configure "$folder" -Dlibtorch="$LIBTORCH"
  else
    meson setup "$folder" -Dlibtorch="$LIBTORCH" "$@" >"$folder.log" 2>&1 ||
      { tail -15 "$folder.log" >&2; die "meson setup failed"; }
    rm -f "$folder.log"
  fi
  printf '%s' "$LIBTORCH" >"$folder/.libtorch"
}

run_build() {
  install_packages "${build_packages[@]}" "${run_packages[@]}"
  install_libtorch
  configure "$build"
  step "building"
  ninja -C "$build" --quiet || die "the build failed"
}

# The plugin, the program and the backend of the build folder, without touching the user's registry.
use_build() {
  local folder
  folder=$(readlink -f "$build")
  export GST_PLUGIN_PATH_1_0=$folder/gst-plugin${GST_PLUGIN_PATH_1_0:+:$GST_PLUGIN_PATH_1_0}
  export GST_REGISTRY_1_0=$folder/gst-registry.bin
  export NOVELTY_BACKEND_DIR=$folder/core
  export PATH=$folder/training:$PATH
}
