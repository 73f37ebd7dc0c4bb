# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2154,SC2034  # sourced by ./run, whose variables these are
# The main job from end to end: footage, training, the live pipeline, what was found.

# Sets $normal (a path) and $frames (its normal part, A-B, or empty for all of it), $rate (the false alarms an hour to
# aim at), $video (to watch) and $labels (or empty) from the arguments or what is at hand.
choose_footage() {
  video=${1:-} frames=${2:-} labels='' rate=1
  if [ -n "$video" ]; then
    [ -r "$video" ] || die "cannot read '$video'"
    frames=${frames:-0-99}
    name=$(basename "${video%.*}")
  elif [ -r "$shared/video/one-by-one-person-detection.mp4" ]; then
    video=$shared/video/one-by-one-person-detection.mp4 frames=0-54 name=room
  else
    name=cell video=$out/cell.mp4 labels=$out/cell.json normal=$out/cell-normal.mp4
    # A quarter of an hour cannot promise one false alarm an hour; the threshold for it lies far out.
    rate=30
    say "No footage at hand: drawing a work cell, as it normally is and with things that do not belong."
    [ -r "$normal" ] || novelty scene "$normal" --seed 1 --seconds 900 --fps 10 --normal
    grep -q '"visits"' "$labels" 2>/dev/null ||
      novelty scene "$video" --seed 1 --seconds 64 --fps 10 --labels "$labels"
    return
  fi
  normal=$video
}

run_demo() {
  run_build
  use_build
  out=$root/demo
  mkdir -p "$out"
  choose_footage "$@"
  local model=$out/$name.novelty took=$SECONDS

  step "training $name.novelty on ${frames:+frames $frames of }$(basename "$normal") (taken as normal)"
  if [ -r "$model" ] && [ "$(cat "$model.from" 2>/dev/null)" = "$(demo_key)" ]; then
    say "already trained: $model (remove it to train again)"
  else
    novelty train "$normal" ${frames:+--frames "$frames"} -o "$model" --target-false-alarms-per-hour "$rate" --resume
    demo_key >"$model.from"
  fi

  step "running the live pipeline over the whole clip, at its own pace"
  rm -rf "${out:?}/$name-clips" "${out:?}/$name-frames"
  set -- gst-launch-1.0 -q \
    filesrc location="$video" ! decodebin ! clocksync ! videoconvert ! \
    noveltydetect name=detect model="$model" camera="$name" ! tee name=t \
    t. ! queue ! noveltyrecord what=clips location="$out/$name-clips" \
    t. ! queue ! noveltyoverlay ! noveltyrecord what=frames location="$out/$name-frames"
  say "$*"
  "$@"

  step "what was found"
  /usr/bin/python3 pipelines/events_table.py "$out/$name-clips"
  if [ -n "$labels" ]; then
    step "what was to be found"
    /usr/bin/python3 pipelines/events_table.py --labels "$labels" "$out/$name-clips"
  fi
  overlay_png "$out/$name-overlay.png"
  novelty review "$out/$name-clips" >/dev/null
  say "recordings:      $out/$name-clips/"
  say "to review them:  $out/$name-clips/review.html (open it in a browser)"
  [ ! -e "$out/$name-overlay.png" ] || say "overlay picture: $out/$name-overlay.png"
  say "training report: $out/$name.html"
  say "took $((SECONDS - took)) s"
}

# What the model depends on: footage, frames, the program that trained it and the teachers at hand.
demo_key() {
  sha256sum "$normal" "$build/training/novelty" "$build"/core/*.so models/*.safetensors | cut -d' ' -f1 | sha256sum
  echo "$frames ${NOVELTY_WEIGHTS:-}"
}

# The still of the strongest event, as PNG.
overlay_png() {
  local still
  still=$(/usr/bin/python3 pipelines/events_table.py --strongest-still "$out/$name-frames") || return 0
  gst-launch-1.0 -q filesrc location="$still" ! jpegdec ! videoconvert ! pngenc ! filesink location="$1"
}
