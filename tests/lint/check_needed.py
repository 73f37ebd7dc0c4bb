#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Fails where a library needs, itself or through one of ours, LibTorch or OpenCV to be opened.

usage: check_needed.py LIBRARY...
"""
import re
import subprocess
import sys

NEEDED = re.compile(r"\(NEEDED\).*\[(.+)\]")
FORBIDDEN = re.compile(r"torch|c10|opencv|cuda", re.IGNORECASE)


def needed_of(library):
    """The libraries the dynamic section of `library` names."""
    listing = subprocess.run(["readelf", "-dW", library], check=True, capture_output=True, text=True)
    return NEEDED.findall(listing.stdout)


def main():
    faults = [f"{library} needs {name}" for library in sys.argv[1:] for name in needed_of(library)
              if FORBIDDEN.search(name)]
    print("\n".join(faults))
    sys.exit(1 if faults else 0)


if __name__ == "__main__":
    main()
