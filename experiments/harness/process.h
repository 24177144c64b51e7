// Child processes: started with their own environment and log, asked to stop when the parent dies, never waited for forever.
#pragma once
#include <sys/types.h>

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace separatrix {

using Command = std::vector<std::string>;  // program (looked up in PATH) and arguments

/// A running child, in a process group of its own (Ctrl-C reaches only us).  It gets SIGTERM when this process dies, however it
/// dies.
struct Child {
  pid_t pid = -1;
};

/// How a child ended: exit code, or 128 + signal; 127 when the program was not found.
using ExitCode = int;

/// Starts a child with stdout and stderr appended to `log` and `environment` added to ours.  Throws Error when the log cannot be
/// opened.
Child start(const Command& command, const std::filesystem::path& log, const std::map<std::string, std::string>& environment);

/// The exit code when the child has ended, else empty.  Does not wait.
std::optional<ExitCode> poll(const Child& child);

/// Sends SIGTERM: a training run ends with a checkpoint.
void ask_to_stop(const Child& child);

/// Waits up to `seconds` for a child that was asked to stop, then sends SIGKILL.
ExitCode wait_or_kill(const Child& child, double seconds);

struct Finished {
  ExitCode exit_code;
  std::string output, error;  // stdout and stderr
};

/// Runs a command in `directory` (empty: here) and returns what it printed.
Finished run_and_read(const Command& command, const std::filesystem::path& directory = {});

/// The path of this running program.
std::string this_program();

}  // namespace separatrix
