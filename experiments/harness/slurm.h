// A sweep as one Slurm job array: each element trains one run.
#pragma once
#include <filesystem>
#include <string>
#include <vector>

#include "experiments/harness/sweep_file.h"

namespace separatrix {

/// The batch script: element i trains the i-th run that is not finished; at most `jobs` at once (0: no limit).
std::string slurm_script(const SweepFile& sweep, const std::vector<PlannedRun>& runs, const std::filesystem::path& directory,
                         int jobs);

/// Writes DIR/base.toml, DIR/sweep.json and DIR/sweep.sbatch, and submits the script.  Returns what sbatch printed.
/// Throws Error when there is no sbatch (the script then stays).  Afterwards `sweep ... --launcher local` collects, and runs what
/// failed.
std::string submit_to_slurm(const SweepFile& sweep, const std::vector<PlannedRun>& runs, const std::filesystem::path& directory,
                            int jobs);

}  // namespace separatrix
