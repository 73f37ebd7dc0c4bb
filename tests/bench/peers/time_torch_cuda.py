#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Times PyTorch on a GPU with two ViT networks and their tokens' distance, in bfloat16.

usage: time_torch_cuda.py ti|s|b MODE [BATCH...]

Prints pairs a second for each batch: eager, and compiled in the given mode of torch.compile
("reduce-overhead", "max-autotune"; both record CUDA graphs). The input lies on the GPU already and the result stays there, which ours does not have.
Needs PyTorch with CUDA, and timm.
"""
import sys
import time

import timm
import torch

NAMES = {"ti": "vit_tiny_patch16_224", "s": "vit_small_patch16_224", "b": "vit_base_patch16_224"}
SECONDS = 1.5


def pair_of(name):
    def network():
        return timm.create_model(name, num_classes=0).eval().cuda().bfloat16()
    teacher, student = network(), network()

    def run(picture):
        tokens = [torch.nn.functional.normalize(net.forward_features(picture)[:, 1:].float(), dim=-1)
                  for net in (teacher, student)]
        return (tokens[0] - tokens[1]).square().sum(-1), tokens[0]
    return run


def pairs_a_second(run, picture):
    for _ in range(5):
        run(picture)
    torch.cuda.synchronize()
    begin, count = time.perf_counter(), 0
    while time.perf_counter() - begin < SECONDS:
        for _ in range(4):
            run(picture)
        torch.cuda.synchronize()
        count += 4
    return count * len(picture) / (time.perf_counter() - begin)


def main():
    size, mode, batches = sys.argv[1], sys.argv[2], [int(b) for b in sys.argv[3:]] or [1, 64, 256]
    print(torch.cuda.get_device_name(), "torch", torch.__version__, "timm", timm.__version__)
    run = pair_of(NAMES[size])
    with torch.inference_mode():
        for batch in batches:
            picture = torch.rand(batch, 3, 224, 224, device="cuda", dtype=torch.bfloat16)
            eager = pairs_a_second(run, picture)
            torch._dynamo.reset()
            begin = time.perf_counter()
            compiled = pairs_a_second(torch.compile(run, mode=mode, dynamic=False), picture)
            print(f"ViT-{size} batch {batch}: eager {eager:.0f} pairs/s, {mode} {compiled:.0f} "
                  f"(ready after {time.perf_counter() - begin - SECONDS:.0f} s)", flush=True)


main()
