// SPDX-License-Identifier: Apache-2.0
// `novelty bench`: how fast this machine scores.
#include <cstdio>
#include <nlohmann/json.hpp>
#include <span>
#include <string>

#include "base/file.h"
#include "bench_networks.h"
#include "command_line.h"
#include "commands.h"
#include "engine/cpu_engine.h"
#include "engine_timing.h"
#include "interrupt.h"
#include "progress.h"

namespace {

using Json = nlohmann::ordered_json;

constexpr novelty::CommandHelp kHelp{
    "novelty bench", "[MODEL]",
    "Times the scoring of frames on this machine: teacher and student on each, without decoding "
    "and\n"
    "preparation. Frames a second over streams of one thread each, and the latency of one frame.",
    "Without MODEL: networks with random weights, which are as fast as trained ones. What other "
    "programs\ndo meanwhile counts: compare only runs that took turns.\n\n"
    "Examples:\n"
    "  novelty bench\n"
    "  novelty bench camera.novelty --streams 4\n"
    "  novelty bench --model s --seconds 10 --json s.json\n"};

constexpr int kGpuStreams = 64;

struct Settings {
  std::string path;  // empty: random networks
  std::string size = "ti";
  std::string json;
  std::string device = "cpu";
  novelty::EngineOptions engine;
  int streams = 0;
  int seconds = 3;
};

struct Measured {
  std::string networks;
  novelty::VitConfig teacher, student;
  novelty::CpuFacts cpu;
  std::string backend;
  novelty::Throughput throughput;
  novelty::Latency single, all;  // one thread, all threads
};

Settings parse(int argc, char** argv) {
  novelty::TextOption size, device, precision, isa, json;
  gint threads = 0, streams = 0, seconds = 3;
  const auto rest = novelty::parse_command_line(
      argc, argv, kHelp,
      {novelty::option("model", 0, G_OPTION_ARG_STRING, size.slot(),
                       "Size of random networks: ti (default), s or b", "SIZE"),
       novelty::option("device", 0, G_OPTION_ARG_STRING, device.slot(),
                       "cpu (default), cuda, or cuda:1 for the second GPU", "NAME"),
       novelty::option("precision", 0, G_OPTION_ARG_STRING, precision.slot(),
                       "fp32 (default), bf16 or int8; a GPU has bf16", "NAME"),
       novelty::option("isa", 0, G_OPTION_ARG_STRING, isa.slot(),
                       "At most these instructions: plain, avx2, avx512, amx", "NAME"),
       novelty::option("threads", 0, G_OPTION_ARG_INT, &threads,
                       "Threads for the latency of one frame; 0 = all cores", "N"),
       novelty::option("streams", 0, G_OPTION_ARG_INT, &streams,
                       "Streams for the frames a second; 0 = one a core, 64 on a GPU", "N"),
       novelty::option("seconds", 0, G_OPTION_ARG_INT, &seconds,
                       "For each of the three measurements (3)", "N"),
       novelty::option("json", 0, G_OPTION_ARG_FILENAME, json.slot(),
                       "Write everything as JSON; - is standard output", "FILE")});
  if (rest.size() > 1) throw novelty::UsageError("give one MODEL at most");
  if (!rest.empty() && size.given()) throw novelty::UsageError("give a MODEL or --model, not both");
  Settings settings;
  if (!rest.empty()) settings.path = rest[0];
  if (size.given()) settings.size = size.text();
  if (device.given()) settings.device = device.text();
  settings.engine.device = novelty::device_index(settings.device);
  const std::string only = novelty::backend_for(settings.device).precision;
  if (!only.empty()) settings.engine.precision = only;
  if (precision.given()) settings.engine.precision = precision.text();
  if (!only.empty() && settings.engine.precision != only)
    throw novelty::UsageError("a GPU has no precision but " + only);
  if (isa.given()) settings.engine.isa = isa.text();
  settings.engine.threads = static_cast<int>(novelty::option_in_range("threads", threads, 0, 64));
  settings.streams = static_cast<int>(novelty::option_in_range("streams", streams, 0, 256));
  settings.seconds = static_cast<int>(novelty::option_in_range("seconds", seconds, 1, 3600));
  settings.json = json.text();
  return settings;
}

// Engines are made and measured one after the other, so that the memory is that of one.
Measured measure(const Settings& settings) {
  const auto networks = settings.path.empty() ? novelty::random_networks(settings.size)
                                              : novelty::model_networks(settings.path);
  const novelty::VitConfig& config = networks.teacher.config;
  const std::vector<float> patches = novelty::bench_patches(config);
  Measured measured{
      networks.name, config, networks.student.config, novelty::cpu_facts(), "", {}, {}, {}};
  novelty::Progress bar;
  const auto progress_of = [&](const char* stage) {
    return [&, stage](double seconds) {
      novelty::throw_if_interrupted();
      bar.show(stage, static_cast<std::size_t>(seconds), settings.seconds, "s");
    };
  };
  novelty::EngineOptions single = settings.engine, all = settings.engine;
  single.threads = 1;
  const bool on_cpu = novelty::backend_for(settings.device).name == "cpu";
  const int streams = on_cpu ? measured.cpu.cores : kGpuStreams;
  if (all.threads == 0) all.threads = measured.cpu.cores;
  {
    const auto engine = novelty::make_bench_engine(networks, settings.device, single);
    measured.throughput = novelty::measure_throughput(
        *engine, config, patches, settings.streams > 0 ? settings.streams : streams,
        settings.seconds, progress_of("throughput"));
    measured.single = novelty::measure_latency(*engine, config, patches, 1, settings.seconds,
                                               progress_of("1 thread"));
  }
  if (on_cpu) {
    const auto engine = novelty::make_bench_engine(networks, settings.device, all);
    measured.all = novelty::measure_latency(*engine, config, patches, all.threads, settings.seconds,
                                            progress_of("all threads"));
  }
  bar.finish();
  measured.backend = on_cpu
                         ? std::string("own kernels, ") + novelty::kernels_for(settings.engine).isa
                         : novelty::backend_for(settings.device).description;
  return measured;
}

Json json_of(const novelty::VitConfig& config) {
  return {{"input_size", config.input_size},
          {"patch_size", config.patch_size},
          {"width", config.width},
          {"depth", config.depth}};
}

Json json_of(const novelty::Latency& latency) {
  return {{"threads", latency.threads},
          {"frames", latency.frames},
          {"p50_ms", latency.p50},
          {"p95_ms", latency.p95},
          {"p99_ms", latency.p99}};
}

Json json_of(const Settings& settings, const Measured& measured) {
  Json all{{"version", NOVELTY_VERSION}, {"networks", measured.networks}};
  all["teacher"] = json_of(measured.teacher);
  all["student"] = json_of(measured.student);
  all["engine"] = {{"description", measured.backend},
                   {"device", settings.device},
                   {"precision", settings.engine.precision},
                   {"isa", settings.engine.isa}};
  all["cpu"] = {{"model", measured.cpu.model},
                {"cores", measured.cpu.cores},
                {"features", measured.cpu.features}};
  all["throughput"] = {{"streams", measured.throughput.streams},
                       {"frames", measured.throughput.frames},
                       {"seconds", measured.throughput.seconds},
                       {"frames_per_second", measured.throughput.per_second()}};
  all["latency"] = Json::array({json_of(measured.single)});
  if (measured.all.threads > 0) all["latency"].push_back(json_of(measured.all));
  all["resident_mb"] = measured.throughput.resident_mb;
  return all;
}

void print_latency(std::FILE* out, const novelty::Latency& latency) {
  std::fprintf(out, "latency     %.2f ms, p95 %.2f, p99 %.2f: one frame on %d thread%s\n",
               latency.p50, latency.p95, latency.p99, latency.threads,
               latency.threads == 1 ? "" : "s");
}

void print(std::FILE* out, const Settings& settings, const Measured& measured) {
  std::string features;
  for (const std::string& feature : measured.cpu.features) features.append(" ").append(feature);
  std::fprintf(out, "cpu         %s, %d core%s\n", measured.cpu.model.c_str(), measured.cpu.cores,
               measured.cpu.cores == 1 ? "" : "s");
  std::fprintf(out, "features   %s\n", features.empty() ? " none known" : features.c_str());
  std::fprintf(out, "engine      %s, %s\n", measured.backend.c_str(),
               settings.engine.precision.c_str());
  std::fprintf(out, "networks    %s: teacher %d wide, %d blocks; student %d wide, %d blocks\n",
               measured.networks.c_str(), measured.teacher.width, measured.teacher.depth,
               measured.student.width, measured.student.depth);
  std::fprintf(out, "throughput  %.1f frames/s over %d stream%s of one thread\n",
               measured.throughput.per_second(), measured.throughput.streams,
               measured.throughput.streams == 1 ? "" : "s");
  print_latency(out, measured.single);
  if (measured.all.threads > 1) print_latency(out, measured.all);
  std::fprintf(out, "memory      %.0f MB resident, of the whole process\n",
               measured.throughput.resident_mb);
}

}  // namespace

int run_bench(int argc, char** argv) {
  const Settings settings = parse(argc, argv);
  const bool to_stdout = settings.json == "-";
  if (!settings.json.empty() && !to_stdout) novelty::check_writable(settings.json);
  const Measured measured = measure(settings);
  print(to_stdout ? stderr : stdout, settings, measured);
  if (settings.json.empty()) return 0;
  const std::string text =
      json_of(settings, measured)
          .dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace) +
      "\n";
  if (to_stdout) return std::fputs(text.c_str(), stdout) < 0 ? 1 : 0;
  novelty::write_file_atomically(settings.json, std::as_bytes(std::span(text)));
  return 0;
}
