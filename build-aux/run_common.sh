# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2154,SC2034  # sourced by ./run, whose variables these are
# Messages, and the packages and LibTorch that building and testing need.

say() { printf '%s\n' "$*"; }
step() { printf '== %s\n' "$*"; }
die() { printf 'run: %s\n' "$*" >&2; exit 1; }

build_packages=(
  g++ meson ninja-build pkg-config python3 python3-pip ca-certificates nlohmann-json3-dev libpng-dev
  libgstreamer1.0-dev libgstreamer-plugins-base1.0-dev libpango1.0-dev libopencv-dev
  libarchive-dev libcurl4-gnutls-dev libsoup-3.0-dev libgtest-dev libgstrtspserver-1.0-dev
)
run_packages=(
  gstreamer1.0-tools gstreamer1.0-plugins-base gstreamer1.0-plugins-good gstreamer1.0-plugins-bad
  gstreamer1.0-plugins-ugly gstreamer1.0-libav gstreamer1.0-rtsp python3-gi gir1.2-gstreamer-1.0
  gir1.2-gst-plugins-base-1.0
)
test_packages=(chromium chromium-driver)
lint_packages=(clang-format clang-tidy shellcheck)

install_packages() {
  local missing=() name
  for name in "$@"; do
    [ "$(dpkg-query -W -f '${db:Status-Status}' "$name" 2>/dev/null)" = installed ] || missing+=("$name")
  done
  [ ${#missing[@]} -gt 0 ] || return 0
  local sudo=()
  if [ "$(id -u)" != 0 ]; then
    command -v sudo >/dev/null || die "packages are missing; as root: apt-get install ${missing[*]}"
    sudo=(sudo)
  fi
  step "installing ${#missing[@]} packages"
  "${sudo[@]}" apt-get update -qq
  "${sudo[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends \
    "${missing[@]}" >"${TMPDIR:-/tmp}/novelty-apt.$$.log" 2>&1 ||
    { tail -5 "${TMPDIR:-/tmp}/novelty-apt.$$.log" >&2; die "apt-get install failed"; }
  rm -f "${TMPDIR:-/tmp}/novelty-apt.$$.log"
}

has_nvidia_gpu() { [ -e /dev/nvidia0 ] || [ -e /dev/nvidiactl ]; }

# LibTorch from PyPI's wheel into .deps/libtorch: whole tree kept, its rpaths rely on it. Without a
# GPU only what libtorch_cpu needs: the wheel, the CUDA runtime and CUPTI without dependencies.
install_libtorch() {
  [ -z "${LIBTORCH:-}" ] || { [ -d "$LIBTORCH" ] || die "no folder $LIBTORCH (\$LIBTORCH)"; return 0; }
  export LIBTORCH=$deps/libtorch/torch
  [ ! -e "$deps/libtorch/.complete" ] || return 0
  step "installing LibTorch 2.11.0 from PyPI into .deps/libtorch (about 0.6 GB)"
  rm -rf "$deps/libtorch.part"
  mkdir -p "$deps"
  local flags=(--no-deps) wheels=(torch==2.11.0)
  if has_nvidia_gpu; then flags=(); else
    [ "$(uname -m)" != x86_64 ] || wheels+=(nvidia-cuda-runtime==13.0.96 nvidia-cuda-cupti==13.0.85)
  fi
  /usr/bin/python3 -m pip install --quiet --disable-pip-version-check --no-compile --root-user-action=ignore \
    --target "$deps/libtorch.part" "${flags[@]}" "${wheels[@]}" ||
    die "LibTorch could not be installed from PyPI; give a folder with --libtorch"
  rm -rf "$deps/libtorch"
  mv "$deps/libtorch.part" "$deps/libtorch"
  touch "$deps/libtorch/.complete"
}
