// A sweep as data: one base config, lists of values for some of its keys, and which combinations are run.
//
//   name = "recall"            of the experiment; default: the file's name
//   hardest = 32               difficulty at which runs are selected and judged; default: the largest evaluated
//   base = "other.toml"        the base config, relative to this file; or tables [run.task], [run.model], [run.train], ... in place
//   sample = 10                optional: that many combinations of [grid], drawn without replacement
//   sample_seed = 1
//   [each]                     keys whose values are all run, each with every combination drawn from [grid]
//   "model.preset" = ["transformer", "gdn", "hybrid"]
//   [grid]
//   "train.lr" = [1e-3, 3e-3]
//   "train.seed" = [1, 2, 3]
#pragma once
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "experiments/harness/config.h"

namespace separatrix {

/// A key and its values, written as TOML.
struct Axis {
  std::string key;
  std::vector<std::string> values;
};

struct SweepFile {
  std::string name;
  std::optional<int> hardest;
  std::string base;              // TOML text of the base config
  std::string origin;            // the file it came from, for messages
  std::string base_origin;       // the file the base config came from
  Places places;                 // of the keys of [run]
  std::vector<Axis> each, grid;  // in the order of the file
  std::optional<std::uint32_t> sample;
  std::uint64_t sample_seed = 1;
};

/// One run of a sweep.
struct PlannedRun {
  std::string name;                                           // of its directory: "hybrid-lr0.001-seed2"
  std::vector<std::pair<std::string, std::string>> settings;  // what this run sets: key, TOML value
  std::vector<std::string> common;                            // overrides "key=value" that all runs share
  RunConfig config;                                           // complete

  /// Everything this run sets, as overrides "key=value".
  std::vector<std::string> sets() const;
};

/// Reads a sweep.  Throws Error for an unknown key (naming the nearest), a list that is none or is empty, a base that is missing.
SweepFile load_sweep(const std::filesystem::path& path);
SweepFile parse_sweep(const std::string& toml, const std::filesystem::path& path);

/// All runs, in the order of the file: the last key changes fastest.  `sets` are overrides for every run.
/// Throws Error when a setting is refused by the config, or when two runs would have the same name.
std::vector<PlannedRun> plan(const SweepFile& sweep, const std::vector<std::string>& sets = {});

/// `count` of the numbers 0 .. size-1, drawn without replacement, ascending.  The same for a seed on every machine.
std::vector<std::size_t> draw_sample(std::size_t size, std::size_t count, std::uint64_t seed);

}  // namespace separatrix
