// fork and exec, with the parent's death passed on (prctl(2)).
#include "experiments/harness/process.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <thread>

#include "tasks/error.h"

namespace separatrix {
namespace {

/// Replaces the child by the program; returns only by ending it.
[[noreturn]] void become(const std::vector<char*>& arguments, pid_t parent) {
  sigset_t none;  // what this process blocks (interrupt.h) is no business of the program's
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  prctl(PR_SET_PDEATHSIG, SIGTERM);
  if (getppid() != parent) _exit(126);  // the parent died before the line above
  execvp(arguments[0], arguments.data());
  _exit(127);
}

std::vector<char*> pointers(const Command& command) {
  std::vector<char*> arguments;
  for (const std::string& word : command) arguments.push_back(const_cast<char*>(word.c_str()));
  arguments.push_back(nullptr);
  return arguments;
}

ExitCode code_of(int status) {
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/// Reads both pipes until both are closed.
void drain(std::array<int, 2> pipes, std::array<std::string*, 2> texts) {
  std::array<pollfd, 2> waiting = {pollfd{pipes[0], POLLIN, 0}, pollfd{pipes[1], POLLIN, 0}};
  std::array<char, 4096> buffer;
  for (int open = 2; open > 0;) {
    if (::poll(waiting.data(), waiting.size(), -1) < 0 && errno != EINTR) return;
    for (std::size_t i = 0; i < 2; ++i) {
      if (waiting[i].fd < 0 || waiting[i].revents == 0) continue;
      const ssize_t got = read(waiting[i].fd, buffer.data(), buffer.size());
      if (got > 0) {
        texts[i]->append(buffer.data(), static_cast<std::size_t>(got));
      } else if (got == 0 || errno != EINTR) {
        waiting[i].fd = -1;
        --open;
      }
    }
  }
}

}  // namespace

Child start(const Command& command, const std::filesystem::path& log, const std::map<std::string, std::string>& environment) {
  const int out = open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
  if (out < 0) fail("cannot open {} ({}); choose a directory that can be written", log.string(), std::strerror(errno));
  const std::vector<char*> arguments = pointers(command);
  const pid_t parent = getpid(), pid = fork();
  if (pid == 0) {
    for (const auto& [name, value] : environment) setenv(name.c_str(), value.c_str(), 1);
    setpgid(0, 0);
    dup2(out, STDOUT_FILENO), dup2(out, STDERR_FILENO);
    become(arguments, parent);
  }
  close(out);
  if (pid < 0) fail("cannot start {} ({}); use fewer --jobs", command[0], std::strerror(errno));
  return {pid};
}

std::optional<ExitCode> poll(const Child& child) {
  int status = 0;
  const pid_t ended = waitpid(child.pid, &status, WNOHANG);
  if (ended == 0 || (ended < 0 && errno == EINTR)) return std::nullopt;
  return ended < 0 ? 255 : code_of(status);
}

void ask_to_stop(const Child& child) {
  kill(child.pid, SIGTERM);
}

ExitCode wait_or_kill(const Child& child, double seconds) {
  const auto until = std::chrono::steady_clock::now() + std::chrono::duration<double>(seconds);
  while (std::chrono::steady_clock::now() < until) {
    if (const auto code = poll(child)) return *code;
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  kill(child.pid, SIGKILL);
  int status = 0;
  while (waitpid(child.pid, &status, 0) < 0 && errno == EINTR) {
  }
  return code_of(status);
}

Finished run_and_read(const Command& command, const std::filesystem::path& directory) {
  int out[2], err[2];
  if (pipe2(out, O_CLOEXEC) != 0 || pipe2(err, O_CLOEXEC) != 0) fail("cannot open a pipe ({})", std::strerror(errno));
  const std::vector<char*> arguments = pointers(command);
  const pid_t parent = getpid(), pid = fork();
  if (pid == 0) {
    dup2(out[1], STDOUT_FILENO), dup2(err[1], STDERR_FILENO);
    if (!directory.empty() && chdir(directory.c_str()) != 0) _exit(126);
    become(arguments, parent);
  }
  close(out[1]), close(err[1]);
  if (pid < 0) fail("cannot start {} ({})", command[0], std::strerror(errno));
  Finished finished{255, {}, {}};
  drain({out[0], err[0]}, {&finished.output, &finished.error});
  close(out[0]), close(err[0]);
  int status = 0;
  while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  finished.exit_code = code_of(status);
  return finished;
}

std::string this_program() {
  return std::filesystem::read_symlink("/proc/self/exe").string();
}

}  // namespace separatrix
