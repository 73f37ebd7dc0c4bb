#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Prints the manual page of the program novelty, made of what its --help says.

usage: make_manual.py PROGRAM
"""
import os
import re
import subprocess
import sys

ROW = re.compile(r"^  (\S.*?) {2,}(\S.*)$")  # a command or an option, and what it does
COMMAND = re.compile(r"^  ([a-z]+) {2,}\S")


def output_of(*arguments):
    return subprocess.run(arguments, check=True, capture_output=True, encoding="utf-8",
                          env={**os.environ, "LC_ALL": "C.UTF-8"}).stdout.replace("…", "...")


def commands_of(text):
    """The commands that the help `text` lists, if it is one of several commands."""
    if " COMMAND" not in text.split("\n\n")[0]:
        return []
    rows = (COMMAND.match(line) for line in text.splitlines())
    return [row.group(1) for row in rows if row]


def escaped(text):
    text = text.replace("\\", "\\e").replace("-", "\\-")
    return "\\&" + text if text.startswith((".", "'")) else text


def pages(text):
    """The lines of a help `text` in the manual's language."""
    verbatim = False
    for line in text.strip().splitlines():
        row = ROW.match(line)
        indented = line.startswith("  ") and not row
        if indented != verbatim:
            yield ".nf" if indented else ".fi"
            verbatim = indented
        if row:
            yield f".TP\n.B {escaped(row.group(1))}\n{escaped(row.group(2))}"
        elif line:
            yield escaped(line)
        else:
            yield ".PP"
    if verbatim:
        yield ".fi"


def sections(program, *command):
    """The help of `command` and of all commands under it."""
    text = output_of(program, *command, "--help")
    yield ".SS " + " ".join(("novelty", *command))
    yield from pages(text)
    for name in commands_of(text):
        yield from sections(program, *command, name)


def main():
    program = sys.argv[1]
    text = output_of(program, "--help")
    usage, summary, rest = text.split("\n\n", 2)
    version = output_of(program, "--version").split()[1]
    print(f'.TH NOVELTY 1 "" "gst-novelty {version}" "User Commands"')
    print(".SH NAME\nnovelty \\- " + escaped(summary[0].lower() + summary[1:].rstrip(".")))
    print(".SH SYNOPSIS\n" + escaped(usage.split(None, 1)[1]))
    print(".SH DESCRIPTION", *pages(rest), sep="\n")
    print(".SH COMMANDS")
    for name in commands_of(text):
        print(*sections(program, name), sep="\n")
    print(".SH SEE ALSO\n.BR gst\\-launch\\-1.0 (1),\n.BR gst\\-inspect\\-1.0 (1)")


if __name__ == "__main__":
    main()
