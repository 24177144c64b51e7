// Runs the program as a user does: arguments in; exit code, output and errors out; or killed after some time.
#pragma once
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdlib>
#include <string>
#include <thread>
#include <vector>

#include "scratch.h"

namespace separatrix {

struct Outcome {
  int code;         // exit code, or -signal
  std::string out;  // stdout
  std::string err;  // stderr
};

/// Starts PROGRAM; `seconds` > 0: kill -9 after that time unless it ended before.
inline Outcome run_program(const std::vector<std::string>& arguments, double seconds = 0) {
  const Scratch folder;
  std::vector<const char*> argv = {PROGRAM};
  for (const std::string& a : arguments) argv.push_back(a.c_str());
  argv.push_back(nullptr);
  const pid_t child = ::fork();
  if (child == 0) {
    if (!std::freopen((folder / "out").c_str(), "w", stdout) || !std::freopen((folder / "err").c_str(), "w", stderr)) ::_exit(99);
    ::execv(PROGRAM, const_cast<char**>(argv.data()));
    ::_exit(98);
  }
  // A child that was killed at once has written nothing.
  const auto text = [&](const char* name) { return std::filesystem::exists(folder / name) ? read_whole(folder / name) : ""; };
  int status = 0;
  if (seconds > 0) {
    const auto end = std::chrono::steady_clock::now() + std::chrono::duration<double>(seconds);
    while (::waitpid(child, &status, WNOHANG) == 0) {
      if (std::chrono::steady_clock::now() > end) ::kill(child, SIGKILL), ::waitpid(child, &status, 0), status = SIGKILL;
      if (status == SIGKILL) break;
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
  } else {
    ::waitpid(child, &status, 0);
  }
  return {WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status), text("out"), text("err")};
}

}  // namespace separatrix
