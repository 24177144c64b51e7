// sbatch(1) and its array variable.
#include "experiments/harness/slurm.h"

#include "experiments/harness/process.h"
#include "experiments/harness/sweep_directory.h"
#include "models/io/whole_file.h"

namespace separatrix {
namespace {

/// A word for the shell.
std::string quoted(const std::string& word) {
  std::string out = "'";
  for (const char c : word) out += c == '\'' ? "'\\''" : std::string(1, c);
  return out + "'";
}

}  // namespace

std::string slurm_script(const SweepFile& sweep, const std::vector<PlannedRun>& runs, const std::filesystem::path& directory,
                         int jobs) {
  const std::string where = std::filesystem::absolute(directory).string();
  std::string text = "#!/bin/bash\n";
  text += fmt::format("#SBATCH --job-name={}\n#SBATCH --array=0-{}{}\n", sweep.name, runs.size() - 1,
                      jobs > 0 ? fmt::format("%{}", jobs) : "");
  text += fmt::format(
      "#SBATCH --ntasks=1\n#SBATCH --cpus-per-task=1\n#SBATCH --output={}/slurm-%a.log\n#SBATCH --signal=TERM@120\n", where);
  text += "# A run that was cut goes on from its checkpoint when the script is submitted again.\n";
  text += "export OMP_NUM_THREADS=${SLURM_CPUS_PER_TASK:-1}\ncase $SLURM_ARRAY_TASK_ID in\n";
  for (std::size_t i = 0; i < runs.size(); ++i) {
    text += fmt::format("{}) exec {} train {} --out {} --resume --quiet", i, quoted(this_program()), quoted(where + "/base.toml"),
                        quoted(where + "/" + runs[i].name));
    for (const std::string& set : runs[i].sets()) text += " --set " + quoted(set);
    text += " ;;\n";
  }
  return text + "esac\n";
}

std::string submit_to_slurm(const SweepFile& sweep, const std::vector<PlannedRun>& runs, const std::filesystem::path& path,
                            int jobs) {
  const SweepDirectory directory(sweep, runs, path);
  std::vector<PlannedRun> left;
  for (std::size_t i = 0; i < runs.size(); ++i)
    if (directory.state(i).status == "pending") left.push_back(runs[i]);
  if (left.empty()) return "nothing to submit: every run is finished";
  const std::filesystem::path script = path / "sweep.sbatch";
  write_whole(script, slurm_script(sweep, left, path, jobs));
  const Finished sbatch = run_and_read({"sbatch", script.string()});
  if (sbatch.exit_code == 127) fail("there is no sbatch here; submit {} where Slurm is, or use --launcher local", script.string());
  if (sbatch.exit_code != 0) fail("sbatch refused {}: {}", script.string(), sbatch.error);
  return sbatch.output;
}

}  // namespace separatrix
