#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Times our engine beside OpenVINO, ONNX Runtime and eager LibTorch on the same pair of networks.

usage: compare.py BUILD OUT [--model ti|s|b] [--rounds N] [--seconds S] [--isa avx2|avx512|amx]

All engines take turns, each in a process of its own, in N rounds that begin with another engine each
time. A frame is both networks on it: "pairs/s" with a stream of one thread on each core for S seconds,
the frames in flight at their end waited for and counted; latency of
one frame on one thread and on all (the quicker of one network after the other on all threads and side
by side). Prints a table and writes OUT/MODEL[-ISA].json; fails when tokens are not eager LibTorch's. --isa holds all
engines that can be held to at most these instructions; the kernels' names in the table say whether it
took effect. `./run bench --peers` calls this with the packages it needs.
"""
import argparse
import importlib.metadata
import json
import os
import pathlib
import statistics
import subprocess
import sys

import numpy
from safetensors.numpy import load_file

import networks
import timing

HERE = pathlib.Path(__file__).resolve().parent
ONEDNN_ISA = {"avx2": "AVX2", "avx512": "AVX512_CORE_BF16", "amx": "AVX512_CORE_AMX"}
AVX2_ONLY = {"ONEDNN_MAX_CPU_ISA": "AVX2", "MKL_ENABLE_INSTRUCTIONS": "AVX2", "ATEN_CPU_CAPABILITY": "avx2"}
LEAST_COSINE = {"fp32": 0.9999, "bf16": 0.998, "int8": 0.95}  # to eager fp32; a wrong network is far below
FIGURES = ("pairs_per_second", "latency_1_ms", "latency_all_ms", "resident_mb")


class Refused(Exception):
    """An engine does not run this."""


class Bench:
    """Files, limits and the commands of the engines."""

    def __init__(self, options):
        self.options, self.build = options, pathlib.Path(options.build).resolve()
        self.folder = pathlib.Path(options.out).resolve() / options.model
        self.folder.mkdir(parents=True, exist_ok=True)
        self.cap = {}
        if options.isa:
            self.cap = AVX2_ONLY if options.isa == "avx2" else {"ONEDNN_MAX_CPU_ISA": ONEDNN_ISA[options.isa]}

    def run(self, command, **more):
        """The last line of what the command prints."""
        environment = {**os.environ, "NOVELTY_BACKEND_DIR": str(self.build / "core"), **more}
        done = subprocess.run([str(word) for word in command], env=environment, capture_output=True, text=True)
        if done.returncode != 0:
            lines = done.stderr.strip().splitlines() or [f"ended with {done.returncode}"]
            raise Refused(lines[-1])
        return done.stdout

    def prepare(self):
        measure = self.build / "tests/bench/measure"
        self.run([measure, "networks", self.options.model, self.folder / "networks.safetensors"])
        *nets, patches = networks.load(self.folder / "networks.safetensors")
        for name, net in zip(networks.NETS, nets):
            self.write_network(self.folder / f"{name}.onnx", networks.to_onnx(net).SerializeToString())
        numpy.save(self.folder / "patches.npy", patches)

    def write_network(self, path, data):
        """Keeps what was quantised of the same network, and only of that."""
        if path.exists() and path.read_bytes() == data:
            return
        path.write_bytes(data)
        for old in self.folder.glob(f"{path.stem}_int8.*"):
            old.unlink()

    def ours(self, precision):
        isa, seconds = self.options.isa or "auto", self.options.seconds
        text = self.run([self.build / "training/novelty", "bench", "--model", self.options.model, "--json", "-",
                         "--precision", precision, "--isa", isa, "--streams", self.options.streams,
                         "--seconds", max(1, round(seconds))])
        facts = json.loads(text)
        single, everything = facts["latency"]
        return {"pairs_per_second": facts["throughput"]["frames_per_second"], "resident_mb": facts["resident_mb"],
                "latency_1_ms": single["p50_ms"], "latency_all_ms": everything["p50_ms"],
                "kernels": facts["engine"]["description"]}

    def peer(self, command, precision, out, **more):
        text = self.run([*command, precision, self.options.streams, self.options.seconds, self.folder / out], **more)
        return json.loads(text.strip().splitlines()[-1])

    def python(self, script, precision, **more):
        out = f"{script}-{precision}.npz"
        return self.peer([sys.executable, HERE / f"{script}.py", self.folder], precision, out, **more)

    def eager(self, precision, out, **more):
        return self.peer([self.build / "tests/bench/eager_torch", self.folder / "networks.safetensors"],
                         precision, out, **more)

    def entries(self):
        """(engine, precision, run, file of its tokens)"""
        def entry(engine, precision, run, out):
            return engine, precision, lambda: run(precision), out
        rows = [entry("novelty", precision, self.ours, f"novelty-{precision}.safetensors")
                for precision in ("fp32", "bf16", "int8")]
        rows += [entry("OpenVINO", precision, lambda p: self.python("time_openvino", p, **self.cap),
                       f"time_openvino-{precision}.npz") for precision in ("fp32", "bf16", "int8")]
        if not self.options.isa:  # it has no switch to hold it
            rows.append(entry("ONNX Runtime", "fp32", lambda p: self.python("time_onnxruntime", p),
                              "time_onnxruntime-fp32.npz"))
        rows += [entry("LibTorch eager", precision, lambda p: self.eager(p, f"eager-{p}.safetensors", **self.cap),
                       f"eager-{precision}.safetensors") for precision in ("fp32", "bf16")]
        if not self.options.isa:
            rows.append(entry("LibTorch eager, AVX2", "fp32",
                              lambda p: self.eager(p, f"eager-avx2-{p}.safetensors", **AVX2_ONLY),
                              "eager-avx2-fp32.safetensors"))
        return rows


def normalised(tokens):
    tokens = tokens.astype(numpy.float64)
    return tokens / numpy.linalg.norm(tokens, axis=-1, keepdims=True)


def outputs(bench, engine, precision, file):
    """(the teacher's normalised patch tokens, the discrepancy)"""
    path = bench.folder / file
    if engine == "novelty":
        bench.run([bench.build / "tests/bench/measure", "network-outputs", bench.options.model, precision,
                   bench.options.isa or "auto", path])
        made = load_file(path)
        return made["tokens"].astype(numpy.float64), made["discrepancy"]
    made = numpy.load(path) if path.suffix == ".npz" else load_file(path)
    teacher, student = (normalised(made[net][1:]) for net in networks.NETS)
    return teacher, ((teacher - student) ** 2).sum(-1)


def agreement(found, wanted):
    cosines = (found[0] * wanted[0]).sum(-1)
    return {"least_cosine": float(cosines.min()), "discrepancy_error": float(numpy.abs(found[1] - wanted[1]).max())}


def measure(bench, entries):
    """Rounds of all entries; those that refuse are left out after their first try."""
    rounds, refused = {entry[:2]: [] for entry in entries}, {}
    for number in range(bench.options.rounds):
        first = number * 3 % len(entries)
        for engine, precision, run, _ in entries[first:] + entries[:first]:
            if (engine, precision) in refused:
                continue
            print(f"round {number + 1} of {bench.options.rounds}: {engine} {precision}", file=sys.stderr)
            try:
                rounds[engine, precision].append(run())
            except Refused as reason:
                refused[engine, precision] = str(reason)
    return rounds, refused


def ratios(mine, theirs, figure):
    """Median, least and most over the rounds of mine / theirs, above 1 where ours is quicker."""
    values = [a[figure] / b[figure] for a, b in zip(mine, theirs)]
    if figure != "pairs_per_second":
        values = [1 / value for value in values]
    return [statistics.median(values), min(values), max(values)]


def row_of(rounds, key, reference, bench, file):
    mine = rounds.get(("novelty", key[1]), [])
    row = {"engine": key[0], "precision": key[1], "kernels": rounds[key][-1]["kernels"], "rounds": rounds[key]}
    row["median"] = {figure: statistics.median(one[figure] for one in rounds[key]) for figure in FIGURES}
    if mine and key[0] != "novelty":
        row["ours_to_it"] = {figure: ratios(mine, rounds[key], figure) for figure in FIGURES[:3]}
    row["agreement"] = agreement(outputs(bench, *key, file), reference)
    return row


def machine():
    with open("/proc/cpuinfo", encoding="utf-8") as file:
        lines = dict(line.split(":", 1) for line in file if ":" in line)
    fields = {name.strip(): value.strip() for name, value in lines.items()}
    flags = fields.get("flags", fields.get("Features", "")).split()
    wanted = ("avx2", "avx_vnni", "avx512f", "avx512_vnni", "avx512_bf16", "avx512_fp16", "amx_bf16", "amx_int8", "asimd")
    versions = {name: importlib.metadata.version(name) for name in ("openvino", "nncf", "onnxruntime", "onnx")}
    return {"cpu": fields.get("model name", "unknown"), "cores": timing.cores(),
            "features": [flag for flag in wanted if flag in flags], "versions": versions}


def ratio_text(row):
    if "ours_to_it" not in row:
        return ""
    middle, least, most = row["ours_to_it"]["pairs_per_second"]
    return f"{middle:.2f} ({least:.2f} to {most:.2f})"


def print_table(result):
    facts = result["machine"]
    print(f"ViT-{result['model'].capitalize()}/16 pair at 224, {facts['cpu']}, {facts['cores']} cores "
          f"({' '.join(facts['features'])}), isa {result['isa']}, {result['streams']} streams, medians of "
          f"{result['rounds']} rounds; " + ", ".join(f"{name} {version}" for name, version in facts["versions"].items()))
    print()
    print("| engine | precision | pairs/s | ours to it, same precision | one frame, 1 thread | all threads | MB "
          "| least cosine | kernels |")
    print("| --- | --- | --- | --- | --- | --- | --- | --- | --- |")
    for row in result["rows"]:
        middle = row["median"]
        print(f"| {row['engine']} | {row['precision']} | {middle['pairs_per_second']:.1f} | {ratio_text(row)} | "
              f"{middle['latency_1_ms']:.2f} ms | {middle['latency_all_ms']:.2f} ms | {middle['resident_mb']:.0f} | "
              f"{row['agreement']['least_cosine']:.5f} | {row['kernels']} |")
    for name, reason in result["refused"].items():
        print(f"\n{name} does not run: {reason}")


def parse():
    parser = argparse.ArgumentParser(description="Times our engine beside others; see the file's head.")
    parser.add_argument("build")
    parser.add_argument("out")
    parser.add_argument("--model", choices=("ti", "s", "b"), default="ti")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=2)
    parser.add_argument("--isa", choices=tuple(ONEDNN_ISA))
    options = parser.parse_args()
    options.streams = timing.cores()
    return options


def main():
    options = parse()
    bench = Bench(options)
    bench.prepare()
    entries = bench.entries()
    rounds, refused = measure(bench, entries)
    files = {entry[:2]: entry[3] for entry in entries}
    done = [key for key in files if key not in refused]
    reference_key = ("LibTorch eager", "fp32")
    if reference_key not in done:
        sys.exit(f"compare: eager LibTorch, which the others are checked against: {refused[reference_key]}")
    reference = outputs(bench, *reference_key, files[reference_key])
    result = {"model": options.model, "isa": options.isa or "all", "streams": options.streams,
              "rounds": options.rounds, "seconds": options.seconds, "machine": machine(),
              "rows": [row_of(rounds, key, reference, bench, files[key]) for key in done],
              "refused": {" ".join(key): reason for key, reason in refused.items()}}
    name = options.model + (f"-{options.isa}" if options.isa else "")
    path = bench.folder.parent / f"{name}.json"
    path.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    print_table(result)
    print(f"\nall figures: {path}", file=sys.stderr)
    wrong = [f"{row['engine']} {row['precision']}" for row in result["rows"]
             if not row["agreement"]["least_cosine"] >= LEAST_COSINE[row["precision"]]]
    if wrong:
        sys.exit(f"compare: tokens too far from eager LibTorch's in fp32: {', '.join(wrong)}")


if __name__ == "__main__":
    main()
