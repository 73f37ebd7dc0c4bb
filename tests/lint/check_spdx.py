#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Fails where a source does not begin with the SPDX line and a line on what it is for.

usage: check_spdx.py SOURCE_ROOT
"""
import pathlib
import sys

MARK = "SPDX-License-Identifier: Apache-2.0"
SOURCES = {".h": "//", ".cpp": "//", ".cu": "//", ".py": "#", ".sh": "#", ".build": "#"}
FOLDERS = ("build-aux", "core", "examples", "gst-plugin", "pipelines", "tests", "training")


def fault_of(path):
    """What is wrong with the head of `path`, or None."""
    lines = path.read_text().splitlines()[:3]
    if lines and lines[0].startswith("#!"):
        lines = lines[1:]
    sign = SOURCES[path.suffix]
    if not lines or lines[0] != f"{sign} {MARK}":
        return "the SPDX line is missing"
    if sign == "//" and not (len(lines) > 1 and lines[1].startswith("// ")):
        return "no sentence on what the file is for"
    return None


def main():
    root = pathlib.Path(sys.argv[1])
    sources = [p for folder in FOLDERS for p in sorted((root / folder).rglob("*"))]
    faults = [f"{p.relative_to(root)}: {fault_of(p)}" for p in sources
              if p.suffix in SOURCES and p.is_file() and fault_of(p)]
    print("\n".join(faults))
    sys.exit(1 if faults else 0)


if __name__ == "__main__":
    main()
