#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Times ONNX Runtime on the pair of networks in fp32 and prints a line of JSON.

usage: time_onnxruntime.py FOLDER fp32 STREAMS SECONDS OUT.npz

A stream is a thread that runs both networks in turn on sessions of one thread.
"""
import pathlib
import sys
import threading
import time

import numpy
import onnxruntime

import timing


class Pair:
    """Sessions of both networks with `threads` threads each."""

    def __init__(self, folder, threads):
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        self.sessions = [onnxruntime.InferenceSession(folder / f"{net}.onnx", options, providers=["CPUExecutionProvider"])
                         for net in ("teacher", "student")]
        self.feed = {"patches": numpy.load(folder / "patches.npy")}

    def run_one(self, net):
        return self.sessions[net].run(None, self.feed)[0][0]

    def run(self):
        return [self.run_one(net) for net in range(2)]

    def throughput(self, streams, seconds):
        counts, over = [0] * streams, threading.Event()
        ready = threading.Barrier(streams + 1)

        def stream(index):
            for _ in range(timing.WARM_UP):
                self.run()
            ready.wait()
            while not over.is_set():
                self.run()
                counts[index] += 1
        threads = [threading.Thread(target=stream, args=(index,)) for index in range(streams)]
        for thread in threads:
            thread.start()
        ready.wait()
        begin = time.perf_counter()
        time.sleep(seconds)
        resident = timing.resident_mb()
        over.set()
        for thread in threads:
            thread.join()
        return sum(counts) / (time.perf_counter() - begin), resident

    def latency_side_by_side(self, seconds):
        go, done, over = threading.Barrier(2), threading.Barrier(2), threading.Event()

        def second():
            go.wait()
            while not over.is_set():
                self.run_one(1)
                done.wait()
                go.wait()
        helper = threading.Thread(target=second)
        helper.start()

        def run():
            go.wait()
            self.run_one(0)
            done.wait()
        median = timing.median_ms(run, seconds)
        over.set()
        go.wait()
        helper.join()
        return median


def main():
    folder, _, streams, seconds, out = sys.argv[1:]
    folder, streams, seconds = pathlib.Path(folder), int(streams), float(seconds)
    single = Pair(folder, 1)
    rate, resident = single.throughput(streams, seconds)
    row = {"pairs_per_second": rate, "resident_mb": resident,
           "latency_1_ms": timing.median_ms(single.run, seconds)}
    row["latency_all_ms"] = min(timing.median_ms(Pair(folder, timing.cores()).run, seconds),
                                Pair(folder, max(1, timing.cores() // 2)).latency_side_by_side(seconds))
    row["kernels"] = "MLAS"
    timing.finish(row, out, *single.run())


if __name__ == "__main__":
    main()
