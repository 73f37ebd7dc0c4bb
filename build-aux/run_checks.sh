# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2154,SC2034  # sourced by ./run, whose variables these are
# Tests, lint, sanitizers, fuzzing, soak, benchmarks, the newer system.

run_test() {
  install_packages "${test_packages[@]}"
  run_build
  step "testing"
  local status=0
  meson test -C "$build" --no-rebuild --print-errorlogs "$@" || status=$?
  /usr/bin/python3 build-aux/count_tests.py "$build/meson-logs/testlog.junit.xml" || status=1
  return "$status"
}

sources() { git ls-files -co --exclude-standard '*.cpp' '*.h'; }

run_lint() {
  run_build
  install_packages "${lint_packages[@]}"
  step "clang-format"
  sources | xargs clang-format --dry-run --Werror
  step "shellcheck"
  { git ls-files -co --exclude-standard '*.sh' '*.bash'; echo run; echo .ci/run; } | xargs shellcheck -x -P SCRIPTDIR
  step "clang-tidy"
  # gcc-only flags of the compile commands are unknown to clang; they are no findings.
  sources | grep '\.cpp$' | grep -v '^tests/fuzz/' |
    xargs -P "$(nproc)" -n 4 clang-tidy -p "$build" --quiet --extra-arg=-Wno-unknown-warning-option
  say "lint: clean"
}

run_sanitize() {
  install_packages "${build_packages[@]}" "${run_packages[@]}"
  install_libtorch
  configure build-sanitize -Db_sanitize=address,undefined -Dbuildtype=debugoptimized -Db_lundef=false
  ninja -C build-sanitize --quiet || die "the build failed"
  ASAN_OPTIONS=detect_leaks=0 UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1 \
    meson test -C build-sanitize --no-rebuild --print-errorlogs --timeout-multiplier 4 --suite core "$@"
}

run_fuzz() {
  local seconds=${1:-60} target
  install_packages "${build_packages[@]}" clang libclang-rt-14-dev
  install_libtorch
  CC=clang CXX=clang++ configure build-fuzz -Dfuzz=true -Dtorch-backend=disabled -Dgst-plugin=disabled -Dvideo=disabled \
    -Dopencv=disabled -Dexamples=disabled -Dwerror=false -Db_lundef=false
  ninja -C build-fuzz --quiet fuzzers || die "the build failed"
  for target in build-fuzz/tests/fuzz/fuzz_*; do
    { [ -f "$target" ] && [[ $target != *_test ]]; } || continue
    step "$target for $seconds s"
    "$target" -max_total_time="$seconds" -max_len=65536 -print_final_stats=1
  done
}

run_soak() {
  run_build
  NOVELTY_SOAK=1 meson test -C "$build" --no-rebuild --print-errorlogs --timeout-multiplier 10 --suite gst "$@"
}

run_bench() {
  if [ "${1:-}" = --peers ]; then
    shift
    run_bench_peers "$@"
    return
  fi
  run_build
  meson test -C "$build" --no-rebuild --benchmark --verbose "$@"
}

# Other engines on the same networks; they come from PyPI into .deps/peers.
run_bench_peers() {
  local packages=(openvino==2026.4.1 nncf==3.4.0 onnx==1.23.2 onnxruntime==1.32.0 numpy==2.4.6 safetensors==0.8.0)
  run_build
  ninja -C "$build" --quiet tests/bench/eager_torch || die "the build failed"
  if [ "$(cat "$deps/peers/.complete" 2>/dev/null)" != "${packages[*]}" ]; then
    step "installing OpenVINO, NNCF and ONNX Runtime from PyPI into .deps/peers (about 0.6 GB)"
    rm -rf "$deps/peers"
    mkdir -p "$deps"
    /usr/bin/python3 -m pip install --quiet --disable-pip-version-check --root-user-action=ignore \
      --target "$deps/peers" "${packages[@]}" || die "the packages could not be installed from PyPI"
    printf '%s' "${packages[*]}" >"$deps/peers/.complete"
  fi
  step "timing"
  PYTHONPATH=$deps/peers /usr/bin/python3 tests/bench/peers/compare.py "$build" "$build/peers" "$@"
}

# Needs root. The tree goes in as a clone, LibTorch is installed afresh by ./run test in there.
run_check_newer() {
  [ "$(id -u)" = 0 ] || die "check-newer needs root (debootstrap, chroot)"
  install_packages debootstrap git
  local jail=$deps/trixie
  if [ ! -e "$jail/.complete" ]; then
    step "making a Debian 13 chroot in .deps/trixie"
    debootstrap --variant=minbase --include=ca-certificates,git trixie "$jail" >"$deps/debootstrap.log" 2>&1 ||
      { tail -5 "$deps/debootstrap.log" >&2; die "debootstrap failed"; }
    touch "$jail/.complete"
  fi
  cp /etc/resolv.conf "$jail/etc/" 2>/dev/null || true
  [ ! -e /etc/pip.conf ] || cp /etc/pip.conf "$jail/etc/"
  rm -rf "$jail/src/tree"
  mkdir -p "$jail/src"
  git clone --quiet "$root" "$jail/src/tree"
  if [ -e "$deps/libtorch/.complete" ]; then
    mkdir -p "$jail/src/tree/.deps"
    cp -a --reflink=auto "$deps/libtorch" "$jail/src/tree/.deps/"
  fi
  mount --bind /proc "$jail/proc"
  mount --bind /dev "$jail/dev"
  local status=0
  chroot "$jail" bash -c 'cd /src/tree && ./run test' || status=$?
  umount "$jail/proc" "$jail/dev"
  return "$status"
}
