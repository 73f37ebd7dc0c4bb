#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Makes a folder of recordings as noveltyrecord writes them (sidecars of version 2): for the tests of
`novelty review`, and to look at the page.

usage: review_recordings.py FOLDER EVENTS CLIP...

EVENTS recordings over two days, from four cameras; each is a hard link to one of the CLIPs, which are
taken to last ten seconds.
"""
import datetime
import json
import math
import os
import pathlib
import random
import subprocess
import sys

BEGIN = datetime.datetime(2026, 3, 2, 6, 0, tzinfo=datetime.timezone.utc)
SECOND = 1_000_000_000
CAMERAS = ("Loading dock", "Gate 2 north", "Server room", "Cell 4 robot")


def launch(*elements):
    """Runs a pipeline of real encoders to its end."""
    subprocess.run(["gst-launch-1.0", "-q", *" ! ".join(elements).split()], check=True, timeout=120)


def make_clip(path, seconds=10, pattern="ball"):
    """A clip of 320x180 at 10 fps: H.264 in MP4, or VP8 in WebM, by the ending of `path`."""
    encoder = {".mp4": ("x264enc key-int-max=10 speed-preset=ultrafast", "h264parse", "mp4mux"),
               ".webm": ("vp8enc deadline=1 keyframe-max-dist=10", "webmmux")}[pathlib.Path(path).suffix]
    launch(f"videotestsrc num-buffers={seconds * 10} pattern={pattern}",
           "video/x-raw,format=I420,width=320,height=180,framerate=10/1", *encoder, f"filesink location={path}")


def make_picture(path, pattern="ball"):
    launch(f"videotestsrc num-buffers=1 pattern={pattern}", "video/x-raw,width=320,height=180", "jpegenc",
           f"filesink location={path}")


def curve_of(duration, begin, end, peak_score, threshold, chance):
    """A score a tenth of a second: noise, and a hump over the event."""
    times = list(range(0, duration, SECOND // 10))
    scores = []
    for time in times:
        inside = begin <= time <= end
        hump = math.sin(math.pi * (time - begin) / (end - begin)) ** 0.5 if inside else 0
        scores.append(round(threshold * (0.35 + 0.1 * chance.random()) * (1 - hump) + peak_score * hump, 4))
    return {"time_ns": times, "score": scores, "p_value": [1.0] * len(times), "threshold": [threshold] * len(times)}


def sidecar(file, camera, utc, event_id, chance=None, **changes):
    """A sidecar of one event from 3 s to 7 s of a clip of 10 s that began at stream time 100 s."""
    chance = chance or random.Random(1)
    start, threshold = 100 * SECOND, 19.5
    begin, end = 3 * SECOND, 7 * SECOND
    score = round(threshold * (1.05 + 4 * chance.random() ** 3), 3)
    scores = curve_of(10 * SECOND, begin, end, score, threshold, chance)
    scores["time_ns"] = [start + time for time in scores["time_ns"]]
    box = {"x": 0.3 + 0.3 * chance.random(), "y": 0.3, "width": 0.2, "height": 0.35, "p_value": 1e-6}
    event = {"id": event_id, "begin_ns": start + begin, "end_ns": start + end, "peak_ns": start + 5 * SECOND,
             "peak_score": score, "peak_p_value": 10 ** -(3 + 4 * chance.random()), "threshold": threshold,
             "region": box, "regions": [box], "frames": 41, "poster": None, "poster_map": None}
    event.update(changes.pop("event", {}))
    made = {"schema": "novelty-recording", "version": 2, "kind": "clip", "file": file, "camera": camera,
            "model_id": "5f1d" * 16, "begin_ns": start, "end_ns": start + 10 * SECOND, "begin_running_ns": start,
            "begin_utc": utc and utc.isoformat(timespec="milliseconds").replace("+00:00", "Z"), "begin_ntp": None,
            "frames": 100, "truncated": False, "recovered": False, "continues": None,
            "settings": {"pre_roll_ns": 3 * SECOND, "post_roll_ns": 3 * SECOND, "max_duration_ns": 300 * SECOND,
                         "encoder": "x264enc"}, "scores": scores, "events": [event]}
    made.update(changes)
    return made


def write(folder, made):
    path = pathlib.Path(folder) / made["file"]
    path.with_suffix(".json").write_text(json.dumps(made, indent=2))
    return path


def make_folder(folder, events, clips, posters=()):
    """`events` recordings; posters: (picture, picture with the map) for each clip, or none."""
    chance = random.Random(7)
    folder = pathlib.Path(folder)
    for number in range(events):
        camera = CAMERAS[number * 7 % 11 % len(CAMERAS)]
        place = folder / camera.split()[0].lower()
        place.mkdir(parents=True, exist_ok=True)
        which = number % len(clips)
        stem = f"{camera.replace(' ', '_')}_{number:05}"
        event = {}
        for key, ending, source in zip(("poster", "poster_map"), ("_e.jpg", "_e_map.jpg"), posters[which] if posters else ()):
            event[key] = stem + ending
            os.link(source, place / event[key])
        utc = BEGIN + datetime.timedelta(seconds=number * 172800 / events + 600 * chance.random())
        path = write(place, sidecar(stem + pathlib.Path(clips[which]).suffix, camera, utc, f"01EVENT{number:05}", chance, event=event))
        os.link(clips[which], path)


if __name__ == "__main__":
    make_folder(sys.argv[1], int(sys.argv[2]), sys.argv[3:])
