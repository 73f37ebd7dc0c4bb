// SPDX-License-Identifier: Apache-2.0
// `measure`: long measurements that need paths and hours, so not part of `./run bench`. A module,
// opened by the program's own main: see Note [Nothing heavy in the global scope] in main.cpp.
#include <array>
#include <cstdio>
#include <exception>
#include <string>

#include "interrupt.h"
#include "measurements.h"
#include "novelty/export.h"

namespace {

using novelty::bench::Arguments;

struct Measurement {
  const char* name;
  const char* arguments;
  std::size_t count;
  int (*run)(const Arguments&);
};

constexpr std::array kMeasurements{
    Measurement{"scene-scores", "TEACHER FOLDER HOURS STEP", 4, novelty::bench::run_scene_scores},
    Measurement{"clip-scores", "MODEL VIDEO RANGES SCORES.jsonl PASSES", 5,
                novelty::bench::run_clip_scores},
    Measurement{"alarm-rates", "MODEL SCORES.jsonl", 2, novelty::bench::run_alarm_rates},
    Measurement{"pair-speed", "MODEL BASELINE THREADS", 3, novelty::bench::run_pair_speed},
    Measurement{"objects", "MODEL VIDEO LEARNT NORMAL COCO128 OUT", 6, novelty::bench::run_objects},
    Measurement{"cell", "TEACHER OUT SEEDS", 3, novelty::bench::run_cell},
    Measurement{"networks", "SIZE FILE.safetensors", 2, novelty::bench::run_networks},
    Measurement{"network-outputs", "SIZE PRECISION ISA FILE.safetensors", 4,
                novelty::bench::run_network_outputs},
};

int usage() {
  for (const Measurement& measurement : kMeasurements)
    std::fprintf(stderr, "usage: measure %s %s\n", measurement.name, measurement.arguments);
  return 2;
}

}  // namespace

extern "C" NOVELTY_API int novelty_main(int argc, char** argv) {
  novelty::catch_interrupts();
  for (const Measurement& measurement : kMeasurements) {
    if (argc < 2 || measurement.name != std::string(argv[1])) continue;
    const Arguments arguments(argv + 2, argv + argc);
    if (arguments.size() != measurement.count) return usage();
    try {
      return measurement.run(arguments);
    } catch (const std::exception& error) {
      std::fprintf(stderr, "measure: %s\n", error.what());
      return 1;
    }
  }
  return usage();
}
