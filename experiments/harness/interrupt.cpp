#include "experiments/harness/interrupt.h"

#include <pthread.h>
#include <signal.h>
#include <unistd.h>

#include <thread>

namespace separatrix {

void note_interrupts() {
  sigset_t asked;
  sigemptyset(&asked);
  for (const int number : {SIGINT, SIGTERM}) sigaddset(&asked, number);
  pthread_sigmask(SIG_BLOCK, &asked, nullptr);
  std::thread([asked] {
    int caught = 0;
    sigwait(&asked, &caught);
    interrupted_by = caught;
    sigwait(&asked, &caught);
    signal(caught, SIG_DFL);
    pthread_sigmask(SIG_UNBLOCK, &asked, nullptr);
    kill(getpid(), caught);
  }).detach();
}

}  // namespace separatrix
