// Signals reach no thread that computes.
#include "experiments/harness/interrupt.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <thread>

#include "tests/catch.h"

using namespace separatrix;

namespace {

bool blocked_here() {
  sigset_t mask;
  pthread_sigmask(SIG_SETMASK, nullptr, &mask);
  return sigismember(&mask, SIGINT) == 1 && sigismember(&mask, SIGTERM) == 1;
}

/// In a process of its own: 0 when all is as promised until the second signal, which must end it.
int interrupted_twice() {
  for (const int number : {SIGINT, SIGTERM}) signal(number, SIG_DFL);  // Catch has handlers of its own
  note_interrupts();
  if (!blocked_here()) return 1;
  bool in_others = false;
  std::thread([&] { in_others = blocked_here(); }).join();
  if (!in_others) return 2;
  struct sigaction action {};
  sigaction(SIGTERM, nullptr, &action);
  if (action.sa_handler != SIG_DFL) return 3;
  kill(getpid(), SIGTERM);
  const auto patience = [](const auto& done) {
    for (int i = 0; i < 1000 && !done(); ++i) std::this_thread::sleep_for(std::chrono::milliseconds(10));
    return done();
  };
  if (!patience([] { return interrupted_by == SIGTERM; })) return 4;
  kill(getpid(), SIGINT);
  patience([] { return false; });
  return 5;
}

}  // namespace

TEST_CASE("the first signal is noted without a handler on any thread, and the second one ends the program") {
  const pid_t child = fork();
  if (child == 0) _exit(interrupted_twice());
  int status = 0;
  REQUIRE(waitpid(child, &status, 0) == child);
  CHECK((WIFEXITED(status) ? WEXITSTATUS(status) : 0) == 0);  // else: the step of interrupted_twice that failed
  CHECK(WIFSIGNALED(status));
  CHECK(WTERMSIG(status) == SIGINT);
}
