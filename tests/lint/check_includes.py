#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Fails where a source includes what its layer may not: the rules are docs/architecture.md's.

usage: check_includes.py SOURCE_ROOT
"""
import pathlib
import re
import sys

INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]')
SOURCES = {".h", ".cpp", ".cu"}

# Layer -> the layers it may include; "novelty" is the public API, which every layer may.
ALLOWED = {
    "core/base": set(),
    "core/image": {"base"},
    "core/scene": {"base"},
    "core/scoring": {"base", "detector"},
    "core/nn": {"base"},
    "core/engine": {"base", "nn"},
    "core/calibration": {"base"},
    "core/temporal": {"base"},
    "core/bundle": {"base", "nn", "calibration", "engine", "scene", "scoring"},
    "core/detector": {"base", "image", "nn", "engine", "scene", "scoring", "calibration", "temporal", "bundle"},
    "core/trainer": {"base", "image", "nn", "engine", "scene", "scoring", "calibration", "temporal", "bundle"},
    "core/include": set(),
    "gst-plugin": {"base"},
    "training": {"base", "image", "nn", "engine", "scoring", "calibration", "bundle", "trainer"},
    "examples": set(),
}
CORE_LAYERS = {name.split("/")[1] for name in ALLOWED if name.startswith("core/")} - {"include"}


def layer_of(path):
    """The layer a source belongs to, or None where no rule is."""
    for layer in ALLOWED:
        if path.is_relative_to(layer):
            return layer
    return None


def fault_of(path, layer, bracket, target):
    """Why `path` may not include `target`, or None."""
    top = target.split("/")[0]
    if bracket == '"' and top in CORE_LAYERS and f"core/{top}" != layer and top not in ALLOWED[layer]:
        return f"{layer} may not include {top}"
    if top == "gst" and layer not in ("gst-plugin", "training", "examples"):
        return "only gst-plugin, training and examples know GStreamer"
    if top == "opencv2":
        if path.suffix != ".cpp" or layer not in ("core/image", "training", "examples"):
            return "OpenCV only in .cpp of image, training and examples"
    if target == "torch/torch.h" and path.suffix == ".h":
        return "no header includes torch/torch.h"
    if top in ("torch", "ATen", "c10") and (layer == "core/include" or "_torch" not in path.stem):
        return "LibTorch only in files named _torch"
    return None


def main():
    root = pathlib.Path(sys.argv[1])
    faults = []
    for source in sorted(p for p in root.rglob("*") if p.suffix in SOURCES):
        path = source.relative_to(root)
        layer = layer_of(path)
        if layer is None:
            continue
        for number, line in enumerate(source.read_text().splitlines(), 1):
            match = INCLUDE.match(line)
            fault = match and fault_of(path, layer, *match.groups())
            if fault:
                faults.append(f"{path}:{number}: {fault}: {line.strip()}")
    print("\n".join(faults))
    sys.exit(1 if faults else 0)


if __name__ == "__main__":
    main()
