#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Prints what noveltyrecord wrote as a table of events, in plain words.

usage: events_table.py FOLDER                    FOLDER of clips with their JSON sidecars
       events_table.py --strongest-still FOLDER  path of the still with the highest score
       events_table.py --labels LABELS FOLDER    what was found of what `novelty scene` drew
"""
import json
import pathlib
import sys


def read_sidecars(folder):
    """The sidecars of `folder` in order of time; an unreadable one is said and left out."""
    rows = []
    for path in sorted(pathlib.Path(folder).rglob("*.json")):
        try:
            rows.append((path, json.loads(path.read_text())))
        except (OSError, ValueError) as error:
            print(f"{path}: not read ({error})", file=sys.stderr)
    return rows


def clock(nanoseconds):
    seconds = nanoseconds / 1e9
    return f"{int(seconds // 60):02d}:{seconds % 60:05.2f}"


def where(region):
    """Words for the middle of a normalised box."""
    if not region:
        return "whole picture"
    x, y = region["x"] + region["width"] / 2, region["y"] + region["height"] / 2
    row = ("top", "middle", "bottom")[min(2, int(y * 3))]
    column = ("left", "centre", "right")[min(2, int(x * 3))]
    return f"{row} {column}"


def print_table(folder):
    events = [(event, path) for path, facts in read_sidecars(folder) for event in facts["events"]]
    if not events:
        print("No event: all of it looked normal.")
        return
    events.sort(key=lambda row: row[0]["begin_ns"])
    print(f"{'event':>5}  {'start':>8}  {'end':>8}  {'peak score':>10}  {'where':<15}  clip")
    for number, (event, path) in enumerate(events, 1):
        print(f"{number:>5}  {clock(event['begin_ns']):>8}  {clock(event['end_ns']):>8}  "
              f"{event['peak_score']:>10.4g}  {where(event.get('region')):<15}  {path.stem}")


MARGIN_S = 0.5  # an event that begins so little outside a visit is not false


def print_judgement(labels_file, folder):
    """Finds each labelled visit's event: one that begins while the thing is there."""
    clips = json.loads(pathlib.Path(labels_file).read_text())
    labels = next(facts for facts in clips.values() if isinstance(facts, dict))
    begins = sorted(event["begin_ns"] / 1e9
                    for _, facts in read_sidecars(folder) for event in facts["events"])
    found = 0
    spans = [[frame / labels["fps"] for frame in visit["frames"]] for visit in labels["visits"]]
    for visit, (first, last) in zip(labels["visits"], spans):
        begin = next((at for at in begins if first <= at <= last), None)
        found += begin is not None
        print(f"{clock(first * 1e9)} to {clock(last * 1e9)}  {visit['kind']} ({visit['place']}), "
              f"{100 * visit['area']:.1f} % of the picture: "
              + ("missed" if begin is None else f"found after {begin - first:.1f} s"))
    false = [at for at in begins
             if not any(first - MARGIN_S <= at <= last + MARGIN_S for first, last in spans)]
    for at in false:
        print(f"{clock(at * 1e9)}  false event")
    print(f"{found} of {len(spans)} objects found, {len(false)} false events.")


def strongest_still(folder):
    stills = [(facts["events"][0]["peak_score"], str(path.parent / facts["file"]))
              for path, facts in read_sidecars(folder) if facts["kind"] == "frame"]
    if not stills:
        sys.exit(1)
    print(max(stills)[1])


def main():
    if len(sys.argv) == 3 and sys.argv[1] == "--strongest-still":
        strongest_still(sys.argv[2])
    elif len(sys.argv) == 4 and sys.argv[1] == "--labels":
        print_judgement(sys.argv[2], sys.argv[3])
    elif len(sys.argv) == 2 and not sys.argv[1].startswith("-"):
        print_table(sys.argv[1])
    else:
        sys.exit(__doc__)


if __name__ == "__main__":
    main()
