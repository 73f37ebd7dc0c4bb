#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Prints a C++ header that holds text files as one constant, in their order.

usage: embed_text.py NAME FILE...
"""
import pathlib
import sys

MARK = "embedded"  # of the raw string; no text may hold it followed by a quote


def main():
    name, *paths = sys.argv[1:]
    text = "".join(pathlib.Path(path).read_text(encoding="utf-8") for path in paths)
    if f'){MARK}"' in text:
        sys.exit(f"{paths[0]}: holds the mark that ends the constant")
    print("#pragma once\n#include <string_view>\nnamespace novelty {")
    print(f'inline constexpr std::string_view {name} = R"{MARK}({text}){MARK}";')
    print("}  // namespace novelty")


if __name__ == "__main__":
    main()
