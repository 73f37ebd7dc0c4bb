// SPDX-License-Identifier: Apache-2.0
// The measurements of the program `measure`: each takes its arguments and returns the exit status.
#pragma once

#include <string>
#include <vector>

namespace novelty::bench {

using Arguments = std::vector<std::string>;

/// TEACHER FOLDER HOURS STEP: trains FOLDER/scene.novelty on the drawn scene if it is not there,
/// and appends to FOLDER/scene.jsonl what each STEP-th frame of so many hours scores. Goes on where
/// it was stopped.
int run_scene_scores(const Arguments& arguments);

/// MODEL VIDEO RANGES SCORES.jsonl PASSES: what these frames score with fresh noise and gain.
int run_clip_scores(const Arguments& arguments);

/// MODEL SCORES.jsonl: alarms observed against alarms asked for, and how often p-values come.
int run_alarm_rates(const Arguments& arguments);

/// MODEL VIDEO LEARNT NORMAL COCO128 OUT: objects pasted into frames NORMAL of VIDEO; MODEL was
/// trained on frames LEARNT. Writes a row and a picture for each into the folder OUT.
int run_objects(const Arguments& arguments);

/// MODEL BASELINE THREADS: how much faster MODEL scores a frame than BASELINE, interleaved.
int run_pair_speed(const Arguments& arguments);

/// TEACHER OUT SEEDS: draws a work cell for each seed, trains on its first part and scores the
/// rest. OUT/seeds/N.json, OUT/result.json and OUT/result.md. Goes on where it was stopped.
int run_cell(const Arguments& arguments);

/// SIZE FILE.safetensors: writes the networks and the picture that `novelty bench --model SIZE`
/// times: teacher.* and student.* by timm name, mean, std [3] and patches.
int run_networks(const Arguments& arguments);

/// SIZE PRECISION ISA FILE.safetensors: what our engine makes of them: the teacher's tokens and the
/// discrepancy.
int run_network_outputs(const Arguments& arguments);

}  // namespace novelty::bench
