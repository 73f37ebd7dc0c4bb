#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Reads every field of NoveltyMeta and of the messages as docs/metadata.md says, through plain
GObject introspection; the frames are white.

usage: read_meta.py MODEL
"""
import struct
import sys

import gi

gi.require_version("Gst", "1.0")
from gi.repository import Gst  # noqa: E402  (the version comes first)

FRAMES = 3
seen = []


def check(condition, what):
    """Exits with `what` unless it holds."""
    if not condition:
        sys.exit(f"{what} is not as documented")


def read(_pad, info):
    """Keeps the fields of a buffer's meta as plain values."""
    fields = info.get_buffer().get_custom_meta("NoveltyMeta").get_structure()
    side = fields.get_int("map-size")[1]
    rows = fields.get_int("n-regions")[1]
    seen.append({
        "score": fields.get_double("score")[1],
        "p-value": fields.get_double("p-value")[1],
        "threshold": fields.get_double("threshold")[1],
        "smoothed": fields.get_double("smoothed")[1],
        "novel": fields.get_boolean("novel")[1],
        "held": fields.get_boolean("held")[1],
        "event-id": fields.get_string("event-id"),
        "camera": fields.get_string("camera"),
        "scored-pts": fields.get_uint64("scored-pts")[1],
        "age": fields.get_uint64("age")[1],
        "model-id": fields.get_string("model-id"),
        "map": struct.unpack(f"<{side * side}e", fields.get_value("map").get_data()),
        "regions": list(struct.iter_unpack("<5f", fields.get_value("regions").get_data())),
        "rows": rows,
    })
    return Gst.PadProbeReturn.OK


def check_messages(bus):
    """One begin with its region, one end with its reason."""
    begin = bus.pop_filtered(Gst.MessageType.ELEMENT).get_structure()
    check(begin.get_name() == "novelty-begin", "the first message")
    check(begin.get_string("event-id") == seen[0]["event-id"], "event-id of novelty-begin")
    check(begin.get_uint64("stream-time")[1] == 0, "stream-time")
    check(begin.get_uint64("running-time")[1] == 0, "running-time")
    check(begin.get_string("wall-clock") is None, "wall-clock of a file")
    check(begin.get_double("peak-score")[1] > 3.9, "peak-score")
    check(begin.get_double("p-value")[1] < 0.01, "p-value")
    check(begin.get_value("region").get_double("width")[1] == 1, "region")
    end = bus.pop_filtered(Gst.MessageType.ELEMENT).get_structure()
    check(end.get_name() == "novelty-end", "the last message")
    check(end.get_string("reason") == "eos", "reason")


def main():
    Gst.init(None)
    pipeline = Gst.parse_launch(
        f"videotestsrc pattern=white num-buffers={FRAMES} ! video/x-raw,format=RGB ! "
        "noveltydetect name=d camera=door mode=every-frame ! fakesink")
    detect = pipeline.get_by_name("d")
    detect.set_property("model", sys.argv[1])
    detect.get_static_pad("src").add_probe(Gst.PadProbeType.BUFFER, read)
    pipeline.set_state(Gst.State.PLAYING)
    bus = pipeline.get_bus()
    # Popping EOS alone would drop what comes before it.
    wait = Gst.MessageType.EOS | Gst.MessageType.ERROR
    messages = []
    while not messages or not messages[-1].type & wait:
        messages.append(bus.timed_pop_filtered(10 * Gst.SECOND, wait | Gst.MessageType.ELEMENT))
        check(messages[-1] is not None, "the end of the stream")
    for message in messages[:-1]:
        bus.post(message)
    check_messages(bus)
    pipeline.set_state(Gst.State.NULL)
    check(len(seen) == FRAMES, "the number of frames with a meta")
    for meta in seen:
        check(abs(meta["score"] - 4) < 0.05 and meta["smoothed"] == meta["score"], "score")
        check(0 < meta["p-value"] < 0.01 and meta["threshold"] == 0.5, "p-value or threshold")
        check(meta["novel"] and not meta["held"], "novel or held")
        check(len(meta["event-id"]) == 26 and meta["camera"] == "door", "event-id or camera")
        check(meta["age"] == 0 and len(meta["model-id"]) == 64, "age or model-id")
        check(len(meta["map"]) == 16 and min(meta["map"]) > 7, "map")
        check(meta["rows"] == 1 and meta["regions"][0][:4] == (0, 0, 1, 1), "regions")


if __name__ == "__main__":
    main()
