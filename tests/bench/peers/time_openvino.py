#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Times OpenVINO on the pair of networks and prints a line of JSON.

usage: time_openvino.py FOLDER fp32|bf16|int8 STREAMS SECONDS OUT.npz

FOLDER has teacher.onnx, student.onnx and patches.npy. int8 is NNCF's post-training quantisation, made
once and kept beside them; what stays in floating point then has the precision that OpenVINO chooses, fp32
where $ONEDNN_MAX_CPU_ISA holds it below AMX: OpenVINO's choice goes by the processor, not by that limit.
Throughput: both networks in one graph, a request a stream, all streams busy. Threads are not pinned:
two one-stream graphs of one process would be pinned to the same core.
"""
import collections
import os
import pathlib
import sys
import time

import numpy
import openvino

import timing

CALIBRATION_PICTURES = 32


def quantised(folder, net):
    path = folder / f"{net}_int8.xml"
    if not path.exists():
        import nncf
        patches = numpy.load(folder / "patches.npy")
        rng = numpy.random.default_rng(1)
        pictures = [numpy.clip(rng.uniform(0.5, 1) * patches[:, rng.permutation(patches.shape[1])]
                               + rng.normal(0, 0.05, patches.shape), 0, 1).astype(numpy.float32)
                    for _ in range(CALIBRATION_PICTURES)]
        model = openvino.Core().read_model(folder / f"{net}.onnx")
        made = nncf.quantize(model, nncf.Dataset(pictures), model_type=nncf.ModelType.TRANSFORMER,
                             subset_size=CALIBRATION_PICTURES)
        openvino.save_model(made, path, compress_to_fp16=False)
    return path


def read(core, folder, precision):
    paths = [quantised(folder, net) if precision == "int8" else folder / f"{net}.onnx"
             for net in ("teacher", "student")]
    return [core.read_model(path) for path in paths]


def paired(models):
    """One graph of both networks over one input."""
    teacher, student = models
    parameter = teacher.get_parameters()[0]
    student.get_parameters()[0].output(0).replace(parameter.output(0))
    return openvino.Model(teacher.get_results() + student.get_results(), [parameter], "pair")


class Pair:
    """Compiles graphs for the precision and times them on one input."""

    def __init__(self, folder, precision):
        self.core, self.folder, self.precision = openvino.Core(), folder, precision
        self.patches = openvino.Tensor(numpy.load(folder / "patches.npy"))
        self.config = {"ENABLE_CPU_PINNING": False}
        held = os.environ.get("ONEDNN_MAX_CPU_ISA", "AVX512_CORE_AMX") != "AVX512_CORE_AMX"
        hint = {"fp32": "f32", "bf16": "bf16", "int8": "f32" if held else None}[precision]
        if hint:
            self.config["INFERENCE_PRECISION_HINT"] = hint

    def compile(self, model, streams, threads, **more):
        return self.core.compile_model(
            model, "CPU", {"NUM_STREAMS": streams, "INFERENCE_NUM_THREADS": threads, **self.config, **more})

    def request(self, compiled):
        made = compiled.create_infer_request()
        made.set_input_tensor(self.patches)
        return made

    def models(self):
        return read(self.core, self.folder, self.precision)

    def throughput(self, streams, seconds):
        queue = openvino.AsyncInferQueue(self.compile(paired(self.models()), streams, streams), streams)
        for request in queue:
            request.set_input_tensor(self.patches)
        for _ in range(timing.WARM_UP * streams):
            queue.start_async()
        queue.wait_all()
        count, begin = 0, time.perf_counter()
        while time.perf_counter() - begin < seconds:
            queue.start_async()
            count += 1
        queue.wait_all()
        return count / (time.perf_counter() - begin), timing.resident_mb()

    def latency(self, threads, seconds):
        return timing.median_ms(self.request(self.compile(paired(self.models()), 1, threads)).infer, seconds)

    def latency_side_by_side(self, threads, seconds):
        requests = [self.request(self.compile(model, 1, max(1, threads // 2))) for model in self.models()]

        def run():
            for request in requests:
                request.start_async()
            for request in requests:
                request.wait()
        return timing.median_ms(run, seconds)

    def kernels(self):
        """What most of the time goes to: the kind of the matrix products."""
        request = self.request(self.compile(paired(self.models()), 1, 1, PERF_COUNT=True))
        spent = collections.Counter()
        for _ in range(timing.WARM_UP):
            request.infer()
        for node in request.profiling_info:
            if "FullyConnected" in node.node_type or "MatMul" in node.node_type:
                spent[node.exec_type] += node.real_time.total_seconds()
        return spent.most_common(1)[0][0] if spent else "unknown"

    def tokens(self):
        request = self.request(self.compile(paired(self.models()), 1, 1))
        request.infer()
        return [request.get_output_tensor(net).data[0].copy() for net in range(2)]


def main():
    folder, precision, streams, seconds, out = sys.argv[1:]
    pair, streams, seconds = Pair(pathlib.Path(folder), precision), int(streams), float(seconds)
    rate, resident = pair.throughput(streams, seconds)
    row = {"pairs_per_second": rate, "resident_mb": resident, "latency_1_ms": pair.latency(1, seconds)}
    row["latency_all_ms"] = min(pair.latency(timing.cores(), seconds),
                                pair.latency_side_by_side(timing.cores(), seconds))
    row["kernels"] = pair.kernels()
    timing.finish(row, out, *pair.tokens())


if __name__ == "__main__":
    main()
