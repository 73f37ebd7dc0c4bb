# SPDX-License-Identifier: Apache-2.0
"""What the timed processes share: the clock, the row they print, the tokens they leave."""
import json
import os
import time

import numpy

WARM_UP = 5


def resident_mb():
    with open("/proc/self/statm", encoding="ascii") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGESIZE") * 1e-6


def cores():
    return len(os.sched_getaffinity(0))


def median_ms(run, seconds):
    """The median time of run(), one call at a time, in milliseconds."""
    for _ in range(WARM_UP):
        run()
    times, begin = [], time.perf_counter()
    while not times or time.perf_counter() - begin < seconds:
        start = time.perf_counter()
        run()
        times.append(time.perf_counter() - start)
    return 1e3 * float(numpy.median(times))


def finish(row, out, teacher, student):
    """Prints the row, and writes both networks' tokens [1 + n, width] to `out`."""
    numpy.savez(out, teacher=teacher, student=student)
    print(json.dumps(row))
