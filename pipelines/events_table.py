#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Prints what noveltyrecord wrote as a table of events, in plain words.

usage: events_table.py FOLDER                    FOLDER of clips with their JSON sidecars
       events_table.py --strongest-still FOLDER  path of the still with the highest score
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


def strongest_still(folder):
    stills = [(facts["events"][0]["peak_score"], str(path.parent / facts["file"]))
              for path, facts in read_sidecars(folder) if facts["kind"] == "frame"]
    if not stills:
        sys.exit(1)
    print(max(stills)[1])


def main():
    if len(sys.argv) == 3 and sys.argv[1] == "--strongest-still":
        strongest_still(sys.argv[2])
    elif len(sys.argv) == 2 and not sys.argv[1].startswith("-"):
        print_table(sys.argv[1])
    else:
        sys.exit(__doc__)


if __name__ == "__main__":
    main()
