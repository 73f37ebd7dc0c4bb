// SPDX-License-Identifier: Apache-2.0
// The commands of the program `novelty`; each takes its own arguments (argv[0] is the command).
#pragma once

/// Each returns the exit status. Throws: UsageError (exit 2), Error (exit 1; kCancelled: 130).
int run_train(int argc, char** argv);
int run_score(int argc, char** argv);
int run_calibrate(int argc, char** argv);
int run_feedback(int argc, char** argv);
int run_compare(int argc, char** argv);
int run_evaluate(int argc, char** argv);
int run_distill(int argc, char** argv);
int run_weights(int argc, char** argv);
int run_classes(int argc, char** argv);  // evaluate classes
int run_review(int argc, char** argv);
int run_bench(int argc, char** argv);
int run_info(int argc, char** argv);
int run_doctor(int argc, char** argv);
int run_scene(int argc, char** argv);
