#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Draws what kernels_bench measured under the roof of the machine, as SVG.

usage: kernels_bench ti | roofline.py TITLE > roofline.svg

A point is a kernel: operations a second over operations a byte, bytes being what it has to read and
write at least (weights, rows in, rows out). The flat lines are the peaks that kernels_bench timed, the
rising one is its bandwidth from the third-level cache, where the weights of a network lie.
"""
import html
import math
import re
import sys

SIZES = {"ti": 192, "s": 384, "b": 768}
TOKENS = 197
BYTES = {"fp32": 4, "bf16": 2, "int8": 1}
COLOURS = {("fp32", "avx2"): "#0072b2", ("fp32", "avx512"): "#009e73", ("bf16", "avx512"): "#d55e00",
           ("int8", "avx512"): "#cc79a7", ("bf16", "amx"): "#e69f00", ("int8", "amx"): "#56b4e9"}
LABELS = {"proj": (-7, 4, "end"), "fc2": (-7, 4, "end"), "qkv": (0, -8, "middle"),
          "fc1+GELU": (0, 16, "middle")}  # of points that lie close; others have them on the right
WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 760, 460, 64, 150, 40, 48


def work_of(size, precision):
    """kernel: (operations, bytes)"""
    d, t, b = SIZES[size], TOKENS, BYTES[precision]
    half = max(b, 2)  # what int8 leaves in bfloat16
    linear = lambda rows_in, columns, weight, out: (2 * t * rows_in * columns, rows_in * columns * weight
                                                    + t * rows_in * weight + t * columns * out)
    return {"norm": (8 * t * d, t * d * (4 + b)), "qkv": linear(d, 3 * d, b, half),
            "attention": (4 * t * t * d, 4 * t * d * half), "proj": linear(d, d, b, 8),
            "fc1+GELU": linear(d, 4 * d, b, half), "fc2": linear(4 * d, d, half, 8)}


def read(lines):
    """(precision, isa, peak, {kernel: (intensity, GFLOP/s)}) of each line; the bandwidth in GB/s."""
    rows, bandwidth = [], None
    for line in lines:
        if found := re.match(r"third-level cache: ([\d.]+) GB/s", line):
            bandwidth = float(found[1])
        if not (found := re.match(r"ViT-(\w+) (\w+) (\w+): ", line)):
            continue
        size, precision, isa = found.groups()
        work, points = work_of(size, precision), {}
        for kernel, us in re.findall(r"  (\S+) ([\d.]+)(?=  )", line):
            operations, moved = work[kernel]
            points[kernel] = (operations / moved, operations / float(us) / 1e3)
        peak = re.search(r"GFLOP/s of (\d+)", line)
        rows.append((precision, isa, float(peak[1]) if peak else None, points))
    if not rows or bandwidth is None:
        sys.exit("roofline: this is not what kernels_bench prints")
    return rows, bandwidth


class Plot:
    """Two logarithmic axes."""

    def __init__(self, x, y):
        self.x, self.y, self.parts = x, y, []

    def at(self, x, y):
        share = lambda value, ends: (math.log(value) - math.log(ends[0])) / (math.log(ends[1]) - math.log(ends[0]))
        return (LEFT + share(x, self.x) * (WIDTH - LEFT - RIGHT),
                HEIGHT - BOTTOM - share(y, self.y) * (HEIGHT - TOP - BOTTOM))

    def line(self, start, end, colour, more=""):
        (x1, y1), (x2, y2) = self.at(*start), self.at(*end)
        self.parts.append(f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" stroke="{colour}" {more}/>')

    def text(self, x, y, text, more=""):
        self.parts.append(f'<text x="{x:.1f}" y="{y:.1f}" {more}>{html.escape(text)}</text>')

    def point(self, x, y, name, colour):
        px, py = self.at(x, y)
        self.parts.append(f'<circle cx="{px:.1f}" cy="{py:.1f}" r="4" fill="{colour}"/>')
        dx, dy, anchor = LABELS.get(name, (7, 4, "start"))
        self.text(px + dx, py + dy, name, f'fill="{colour}" text-anchor="{anchor}"')

    def axes(self):
        for value in (1, 3, 10, 30, 100, 300, 1000):
            if self.x[0] <= value <= self.x[1]:
                self.line((value, self.y[0]), (value, self.y[1]), "#ddd")
                self.text(self.at(value, self.y[0])[0], HEIGHT - BOTTOM + 16, str(value), 'text-anchor="middle"')
            if self.y[0] <= value <= self.y[1]:
                self.line((self.x[0], value), (self.x[1], value), "#ddd")
                self.text(LEFT - 6, self.at(self.x[0], value)[1] + 4, str(value), 'text-anchor="end"')
        self.text((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 10, "operations a byte", 'text-anchor="middle"')
        self.text(LEFT, TOP - 8, "GFLOP/s, one thread")


def draw(rows, bandwidth, title):
    points = [point for row in rows for point in row[3].values()]
    top = max([row[2] or 0 for row in rows] + [y for _, y in points])
    plot = Plot((1, max(x for x, _ in points) * 1.6), (min(y for _, y in points) / 1.6, top * 1.3))
    plot.axes()
    plot.line((max(1, plot.y[0] / bandwidth), max(bandwidth, plot.y[0])), (top / bandwidth, top), "#555",
              'stroke-dasharray="5 4"')
    for precision, isa, peak, kernels in rows:
        colour = COLOURS[precision, isa]
        if peak:
            plot.line((peak / bandwidth, peak), (plot.x[1], peak), colour, 'stroke-width="2"')
            plot.text(WIDTH - RIGHT + 6, plot.at(1, peak)[1] + 4, f"{precision} {isa}, {peak:.0f}", f'fill="{colour}"')
        for name, (x, y) in kernels.items():
            plot.point(x, y, name, colour)
    plot.text(LEFT, 16, title, 'font-weight="bold"')
    return (f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" font-family="sans-serif" '
            f'font-size="11"><rect width="100%" height="100%" fill="white"/>\n' + "\n".join(plot.parts) + "\n</svg>\n")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: kernels_bench ti | roofline.py TITLE > roofline.svg")
    sys.stdout.write(draw(*read(sys.stdin), sys.argv[1]))
