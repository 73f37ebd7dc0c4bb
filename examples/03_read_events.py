#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The same as 02 from Python, through plain GObject introspection (python3-gi, gir1.2-gstreamer-1.0).

usage: 03_read_events.py MODEL VIDEO
"""
import struct
import sys

import gi

gi.require_version("Gst", "1.0")
from gi.repository import Gst  # noqa: E402  (the version comes first)


def on_buffer(_pad, info):
    """On the streaming thread, for every scored buffer."""
    meta = info.get_buffer().get_custom_meta("NoveltyMeta")
    if meta is None:
        return Gst.PadProbeReturn.OK
    facts = meta.get_structure()
    found, score = facts.get_double("score")
    side = facts.get_int("map-size")[1]
    cells = struct.unpack(f"<{side * side}e", facts.get_value("map").get_data())
    if found:
        print(f"{info.get_buffer().pts / Gst.SECOND:8.3f} s  score {score:.5g}  "
              f"strongest patch {max(cells, default=0):.2f}")
    return Gst.PadProbeReturn.OK


def main():
    Gst.init(None)
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    pipeline = Gst.parse_launch(
        "filesrc name=file ! decodebin ! videoconvert ! "
        "noveltydetect name=detect mode=every-frame ! fakesink")
    pipeline.get_by_name("file").set_property("location", sys.argv[2])
    detect = pipeline.get_by_name("detect")
    detect.set_property("model", sys.argv[1])
    detect.get_static_pad("src").add_probe(Gst.PadProbeType.BUFFER, on_buffer)
    pipeline.set_state(Gst.State.PLAYING)
    status = None
    while status is None:
        message = pipeline.get_bus().timed_pop(Gst.CLOCK_TIME_NONE)
        if message.type == Gst.MessageType.EOS:
            status = 0
        elif message.type == Gst.MessageType.ERROR:
            print(message.parse_error()[0].message, file=sys.stderr)
            status = 1
        elif message.type == Gst.MessageType.ELEMENT and message.has_name("novelty-begin"):
            print("begin", message.get_structure().get_string("event-id"))
        elif message.type == Gst.MessageType.ELEMENT and message.has_name("novelty-end"):
            print("end  ", message.get_structure().get_string("event-id"))
    pipeline.set_state(Gst.State.NULL)
    sys.exit(status)


if __name__ == "__main__":
    main()
