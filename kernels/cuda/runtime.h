// What the host does with the device: memory, copies, streams, graphs.  Defined by runtime_cuda.cpp, or by runtime_emulated.cpp,
// whose device memory is host memory, NaN at first and between guard bands, and whose graphs replay what was recorded.
#pragma once
#include <cstddef>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "kernels/cuda/space.h"

namespace separatrix::SIMT {

/// A queue of work; null is the default stream.  Does not own: StreamOwner does.
struct Stream {
  void* handle = nullptr;
};

class StreamOwner {
 public:
  StreamOwner();
  ~StreamOwner();
  StreamOwner(const StreamOwner&) = delete;
  StreamOwner& operator=(const StreamOwner&) = delete;
  Stream stream() const { return stream_; }

 private:
  Stream stream_;
};

/// Waits until everything queued is done; errors of the kernels before it are thrown here.
void wait_for(Stream stream);

/// Seconds between the start and the end of what `work` queues, by the device's clock (the host's in emulation).
double seconds_of(Stream stream, const std::function<void()>& work);

/// Throws Error: "name: what the runtime says".  `status` is a cudaError_t.
void check_cuda(int status, const char* name);
/// Throws Error with one line.
[[noreturn]] void refuse(const std::string& line);
/// Throws Error when there is no device, with what the runtime says and what to do.
void require_device();
/// Whether this machine has no GPU at all, rather than one that does not answer: no driver, or a driver without a device.
bool no_device();
/// Bytes of shared memory that a block on the device may have.
std::size_t device_shared_bytes();

void* device_allocate(std::size_t bytes);
void device_free(void* p);
void* pinned_allocate(std::size_t bytes);
void pinned_free(void* p);
/// Queues a copy; `from` and `to` must stay as they are until it is done.  Host memory that is not pinned makes the host wait.
void copy_async(Stream stream, void* to, const void* from, std::size_t bytes);
/// The same for `rows` pieces of so many bytes, which lie `to_apart` and `from_apart` bytes from one another; what is between them
/// is neither read nor written.
void copy_rows_async(Stream stream, void* to, std::size_t to_apart, const void* from, std::size_t from_apart, std::size_t bytes,
                     std::size_t rows);
void zero_async(Stream stream, void* to, std::size_t bytes);

/// Device memory for T (trivial).
template <class T>
class DeviceArray {
 public:
  DeviceArray() = default;
  explicit DeviceArray(std::size_t size) { reserve(size); }
  explicit DeviceArray(const std::vector<T>& values) : DeviceArray(values.size()) { upload(values); }
  DeviceArray(DeviceArray&& other) noexcept { *this = std::move(other); }
  DeviceArray& operator=(DeviceArray&& other) noexcept {
    std::swap(data_, other.data_), std::swap(size_, other.size_);
    return *this;
  }
  ~DeviceArray() { device_free(data_); }

  /// At least `size` elements; true when memory moved, and what was there is gone.
  bool reserve(std::size_t size) {
    if (size <= size_ && data_) return false;
    device_free(std::exchange(data_, nullptr)), size_ = 0;  // so that a failure leaves it empty
    data_ = static_cast<T*>(device_allocate(size * sizeof(T)));
    size_ = size;
    return true;
  }
  T* data() const { return data_; }
  std::size_t size() const { return size_; }

  /// Waits for the copy.
  void upload(const std::vector<T>& values) {
    copy_async({}, data_, values.data(), values.size() * sizeof(T));
    wait_for({});
  }
  std::vector<T> download() const {
    std::vector<T> values(size_);
    copy_async({}, values.data(), data_, size_ * sizeof(T));
    wait_for({});
    return values;
  }

 private:
  T* data_ = nullptr;
  std::size_t size_ = 0;
};

/// Host memory that the device can copy from while the host goes on.
template <class T>
class PinnedArray {
 public:
  PinnedArray() = default;
  PinnedArray(const PinnedArray&) = delete;
  PinnedArray& operator=(const PinnedArray&) = delete;
  ~PinnedArray() { pinned_free(data_); }
  bool reserve(std::size_t size) {
    if (size <= size_) return false;
    pinned_free(std::exchange(data_, nullptr)), size_ = 0;
    data_ = static_cast<T*>(pinned_allocate(size * sizeof(T)));
    size_ = size;
    return true;
  }
  T* data() const { return data_; }
  std::size_t size() const { return size_; }

 private:
  T* data_ = nullptr;
  std::size_t size_ = 0;
};

/// Launches and copies recorded once and replayed as one; pointers and numbers are those of the recording.
class Graph {
 public:
  /// Records what `work` queues on the stream.
  Graph(Stream stream, const std::function<void()>& work);
  ~Graph();
  Graph(const Graph&) = delete;
  Graph& operator=(const Graph&) = delete;
  void replay(Stream stream) const;

 private:
  void* recorded_ = nullptr;
};

}  // namespace separatrix::SIMT
