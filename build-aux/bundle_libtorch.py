#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Installs the LibTorch runtime beside the backend, and the terms it is under.

usage: bundle_libtorch.py LIBRARY_FOLDER PKGLIBDIR DOCDIR   (a meson install script)

From LIBRARY_FOLDER, torch/lib of a wheel, come the libraries that libnovelty-torch.so needs, directly
or through others, into PKGLIBDIR/libtorch, at the same places to one another: their own run paths
hold. What the system has (the C and C++ libraries) is not copied. DOCDIR/copyright gets this
project's licence and the texts that the wheels bring along for what was copied.
"""
import collections
import csv
import os
import pathlib
import re
import shutil
import subprocess
import sys

# What libtorch_cpu.so contains or needs whose terms no wheel names.
UNNAMED_TERMS = """\
libtorch_cpu.so of the wheel for x86-64 contains the Intel oneAPI Math Kernel Library, Copyright Intel
Corporation, which its terms allow to be redistributed unchanged: Intel Simplified Software License,
https://www.intel.com/content/www/us/en/developer/articles/license/end-user-license-agreement.html

libgomp.so.1 is the GNU Offloading and Multi Processing Runtime Library, Copyright Free Software
Foundation, Inc.: GPL-3.0-or-later with the GCC Runtime Library Exception 3.1; on Debian systems see
/usr/share/common-licenses/GPL-3 and https://www.gnu.org/licenses/gcc-exception-3.1.html
"""


def fail(message):
    sys.exit(f"bundle-libtorch: {message}")


def entries(library, tag):
    """The values of `tag` (NEEDED, RPATH, RUNPATH) in the dynamic section of `library`."""
    listing = subprocess.run(["readelf", "-dW", library], check=True, capture_output=True, text=True).stdout
    return re.findall(rf"\({tag}\).*\[(.+)\]", listing)


def run_path(library):
    paths = ":".join(entries(library, "RPATH") + entries(library, "RUNPATH")).split(":")
    return [pathlib.Path(os.path.normpath(path.replace("$ORIGIN", str(library.parent)))) for path in paths if path]


def needed(backend, folder):
    """All libraries of LibTorch that `backend` needs."""
    found, waiting = {}, collections.deque([backend])
    while waiting:
        library = waiting.popleft()
        for name in entries(library, "NEEDED"):
            places = (place / name for place in [folder, *run_path(library)])
            path = next((place for place in places if place.exists()), None)
            if path and name not in found:
                found[name] = path
                waiting.append(path)
    return sorted(found.values())


def terms_of(root, libraries):
    """The name, version and licence texts of each wheel that one of `libraries` is from."""
    paths = {os.path.relpath(library, root) for library in libraries}
    for facts in sorted(root.glob("*.dist-info")):
        with open(facts / "RECORD", newline="", encoding="utf-8") as record:
            own = sorted(paths & {row[0] for row in csv.reader(record) if row})
        if not own:
            continue
        paths.difference_update(own)
        texts = sorted((facts / "licenses").rglob("*")) + sorted(facts.glob("LICENSE*"))
        texts = [text for text in texts if text.is_file()]
        if not texts:
            fail(f"{facts} holds no licence, so what it installed cannot be passed on")
        yield facts.name.removesuffix(".dist-info"), own, texts
    if paths:
        fail(f"no *.dist-info in {root} tells the terms of {', '.join(sorted(paths))}; use the wheel from PyPI")


def write_copyright(path, root, libraries):
    rule = "\n" + "=" * 100 + "\n"
    with open(path, "w", encoding="utf-8") as out:
        out.write((path.parent / "NOTICE").read_text(encoding="utf-8"))
        out.write(rule + "gst-novelty\n\n" + (path.parent / "LICENSE").read_text(encoding="utf-8"))
        for name, own, texts in terms_of(root, libraries):
            out.write(f"{rule}{name}: {', '.join(own)}\n")
            for text in texts:
                out.write(f"\n{'-' * 20} {text.name}\n\n" + text.read_text(encoding="utf-8", errors="replace"))
        out.write(rule + UNNAMED_TERMS)


def main():
    prefix = pathlib.Path(os.environ["MESON_INSTALL_DESTDIR_PREFIX"])
    folder = pathlib.Path(sys.argv[1])
    pkglibdir = prefix / os.path.relpath(sys.argv[2], os.environ["MESON_INSTALL_PREFIX"])
    documents = prefix / sys.argv[3]
    libraries = needed(pkglibdir / "libnovelty-torch.so", folder)
    lib = pkglibdir / "libtorch" / "torch" / "lib"
    for library in libraries:
        target = pathlib.Path(os.path.normpath(lib / os.path.relpath(library, folder)))
        if pkglibdir / "libtorch" not in target.parents:
            fail(f"{library} lies outside of LibTorch's folder")
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(library, target)
    write_copyright(documents / "copyright", folder.parent.parent, libraries)


if __name__ == "__main__":
    main()
