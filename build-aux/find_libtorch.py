#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Finds LibTorch for the build and prints its version, include folders and library folder.

usage: find_libtorch.py FOLDER|''   (empty: $LIBTORCH, then .deps/libtorch/torch beside this script)

FOLDER is the torch folder of a Python wheel, an unpacked libtorch zip, or /usr (Debian's
libtorch-dev). Prints four lines: version, include folders (';' between), library folder, rpath
folders (':' between). On failure one line on stderr says what is wrong, and the exit status is 1.
"""
import os
import pathlib
import re
import sys

MINIMUM = (2, 6)


def fail(message):
    sys.exit(f"LibTorch: {message}")


def include_folders(root):
    for base in (root / "include",):
        if (base / "ATen" / "ATen.h").exists():
            api = base / "torch" / "csrc" / "api" / "include"
            return [base, api]
    fail(f"no ATen headers under {root}/include; give the torch folder of a wheel, an unpacked "
         "libtorch zip, or /usr, with -Dlibtorch=FOLDER or $LIBTORCH")


def library_folder(root):
    candidates = [root / "lib", *(root / "lib").glob("*-linux-gnu*")]
    for folder in candidates:
        if (folder / "libtorch_cpu.so").exists():
            return folder
    fail(f"headers are in {root}, but libtorch_cpu.so is not in {root}/lib")


def version_of(root, includes):
    for header in (includes[0] / "torch" / "headeronly" / "version.h",
                   includes[0] / "torch" / "csrc" / "api" / "include" / "torch" / "version.h"):
        if header.exists():
            found = re.search(r'#define TORCH_VERSION "([^"]+)"', header.read_text())
            if found:
                return found.group(1)
    for name in ("version.py", "build-version"):
        path = root / name
        if path.exists():
            found = re.search(r"(\d+\.\d+\.\d+[^'\s]*)", path.read_text())
            if found:
                return found.group(1)
    fail(f"cannot tell the version of {root}")


def check_abi(folder):
    data = (folder / "libc10.so").read_bytes()
    if b"__cxx11" not in data:
        fail(f"{folder} was built with the old C++ ABI (_GLIBCXX_USE_CXX11_ABI=0); use the wheel of "
             "2.7 or newer, or the libtorch zip named cxx11-abi")


def main():
    here = pathlib.Path(__file__).resolve().parent.parent
    given = sys.argv[1] if len(sys.argv) > 1 and sys.argv[1] else os.environ.get("LIBTORCH", "")
    root = pathlib.Path(given) if given else here / ".deps" / "libtorch" / "torch"
    if not root.is_dir():
        fail(f"no folder {root}; run './run build', which installs it, or give one with "
             "-Dlibtorch=FOLDER or $LIBTORCH")
    root = root.resolve()
    includes = include_folders(root)
    folder = library_folder(root)
    version = version_of(root, includes)
    if tuple(int(x) for x in version.split(".")[:2]) < MINIMUM:
        fail(f"{root} is {version}; {MINIMUM[0]}.{MINIMUM[1]} or newer is needed")
    check_abi(folder)
    print(version)
    print(";".join(str(x) for x in includes if x.exists()))
    print(folder)
    print(folder)


if __name__ == "__main__":
    main()
