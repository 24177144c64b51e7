#include <chrono>
#include <cmath>
#include <cstdlib>
#include <cstring>

#include "kernels/cuda/simt.h"
#include "tasks/error.h"

namespace separatrix::emulated {
namespace {

using Work = std::vector<std::function<void()>>;

/// An owned stream: while a graph records, work goes into `recording`.
struct Queue {
  Work* recording = nullptr;
};

constexpr std::size_t band = 256;  // bytes before (the size lives there) and after
constexpr unsigned char mark = 0xFF;

std::size_t& size_of(unsigned char* p) {
  return *reinterpret_cast<std::size_t*>(p - band);
}

}  // namespace

StreamOwner::StreamOwner() : stream_{new Queue} {}
StreamOwner::~StreamOwner() {
  delete static_cast<Queue*>(stream_.handle);
}

void submit(Stream stream, std::function<void()> work) {
  if (stream.handle && static_cast<Queue*>(stream.handle)->recording)
    static_cast<Queue*>(stream.handle)->recording->push_back(std::move(work));
  else
    work();
}

void wait_for(Stream) {}

double seconds_of(Stream, const std::function<void()>& work) {
  const auto begin = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

void check_cuda(int status, const char* name) {
  if (status != 0) fail("{}: error {}", name, status);
}
void refuse(const std::string& line) {
  throw Error(line);
}
void require_device() {}
std::size_t device_shared_bytes() {
  return most_shared_bytes;
}

/// Every byte is 0xFF (NaN as float), and so are the bands around.
void* device_allocate(std::size_t bytes) {
  auto* p = static_cast<unsigned char*>(std::malloc(bytes + 2 * band));
  if (!p) fail("emulated device: no memory for {} bytes", bytes);
  std::memset(p, mark, bytes + 2 * band);
  size_of(p + band) = bytes;
  return p + band;
}
/// A band that has changed is an overrun, found when the memory is given back: this cannot throw, so it ends the program.
void device_free(void* memory) {
  if (!memory) return;
  auto* p = static_cast<unsigned char*>(memory);
  const std::size_t bytes = size_of(p);
  for (std::size_t i = 0; i < band; ++i)
    if (p[bytes + i] != mark || (i < band - sizeof(std::size_t) && p[i - band + sizeof(std::size_t)] != mark)) {
      fmt::print(stderr, "emulated device: a kernel wrote outside an array of {} bytes\n", bytes);
      std::abort();
    }
  std::free(p - band);
}
void* pinned_allocate(std::size_t bytes) {
  return device_allocate(bytes);
}
void pinned_free(void* p) {
  device_free(p);
}

void copy_async(Stream stream, void* to, const void* from, std::size_t bytes) {
  submit(stream, [=] {
    if (bytes > 0) std::memcpy(to, from, bytes);
  });
}
void copy_rows_async(Stream stream, void* to, std::size_t to_apart, const void* from, std::size_t from_apart, std::size_t bytes,
                     std::size_t rows) {
  submit(stream, [=] {
    for (std::size_t i = 0; i < rows; ++i)
      std::memcpy(static_cast<char*>(to) + i * to_apart, static_cast<const char*>(from) + i * from_apart, bytes);
  });
}
void zero_async(Stream stream, void* to, std::size_t bytes) {
  submit(stream, [=] { std::memset(to, 0, bytes); });
}

Graph::Graph(Stream stream, const std::function<void()>& work) : recorded_(new Work) {
  auto* queue = static_cast<Queue*>(stream.handle);
  if (!queue) fail("a graph is recorded on a stream of its own");
  queue->recording = static_cast<Work*>(recorded_);
  try {
    work();
  } catch (...) {
    queue->recording = nullptr;
    delete static_cast<Work*>(recorded_);
    throw;
  }
  queue->recording = nullptr;
}
Graph::~Graph() {
  delete static_cast<Work*>(recorded_);
}
void Graph::replay(Stream) const {
  for (const auto& work : *static_cast<Work*>(recorded_)) work();
}

}  // namespace separatrix::emulated
