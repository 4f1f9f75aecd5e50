#include "parallel.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdlib>
#include <deque>
#include <exception>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#if defined(__x86_64__)
#include <xmmintrin.h>
#endif

namespace eqnet {
namespace {

// Denormal numbers are zeros while work is done, as on TensorFlow's threads: else a result would depend on which thread took a block.
class FlushDenormals {
#if defined(__x86_64__)
 public:
  FlushDenormals() { _mm_setcsr(before_ | kFlushToZero | kDenormalsAreZero); }
  ~FlushDenormals() { _mm_setcsr(before_); }

 private:
  static constexpr unsigned kFlushToZero = 0x8000, kDenormalsAreZero = 0x0040;
  const unsigned before_ = _mm_getcsr();
#endif
};

struct Job {
  int64_t size;
  int64_t block;
  int64_t blocks;
  const std::function<void(int64_t, int64_t, int64_t)>* work;
  std::atomic<int64_t> next{0};
  std::atomic<int64_t> done{0};
  std::atomic<bool> failed{false};
  std::exception_ptr problem;  // of who set `failed`

  void Run() {
    [[maybe_unused]] const FlushDenormals flush;
    for (int64_t i = next++; i < blocks; i = next++) {
      try {
        if (!failed.load(std::memory_order_relaxed)) (*work)(i, i * block, std::min(size, (i + 1) * block));
      } catch (...) {
        if (!failed.exchange(true)) problem = std::current_exception();
      }
      done.fetch_add(1, std::memory_order_release);
    }
  }
};

// As many helpers as TensorFlow may use threads, less the caller. They live as long as the process.
class Helpers {
 public:
  static Helpers& Get() {
    static Helpers* helpers = new Helpers;
    return *helpers;
  }

  // To as many helpers as there are blocks that the caller does not begin with.
  void Offer(const std::shared_ptr<Job>& job) {
    const int64_t helpers = std::min<int64_t>(count_, job->blocks - 1);
    {
      std::lock_guard<std::mutex> lock(mutex_);
      for (int64_t i = 0; i < helpers; i++) jobs_.push_back(job);
      offered_.store(jobs_.size(), std::memory_order_relaxed);
    }
    for (int64_t i = 0; i < helpers; i++) wake_.notify_one();
  }

 private:
  Helpers() {
    const char* threads = std::getenv("TF_NUM_INTRAOP_THREADS");
    const int wanted = threads ? std::atoi(threads) : 0;
    count_ = std::max(1, wanted > 0 ? wanted : static_cast<int>(std::thread::hardware_concurrency())) - 1;
    for (int i = 0; i < count_; i++) std::thread([this] { Loop(); }).detach();
  }

  void Loop() {
    for (;;) {
      std::shared_ptr<Job> job;
      LookOut();
      {
        std::unique_lock<std::mutex> lock(mutex_);
        wake_.wait(lock, [this] { return !jobs_.empty(); });
        job = std::move(jobs_.front());
        jobs_.pop_front();
        offered_.store(jobs_.size(), std::memory_order_relaxed);
      }
      job->Run();
    }
  }

  // The next op mostly comes before a thread that went to sleep would be awake again; whoever has work goes first.
  void LookOut() const {
    const auto until = std::chrono::steady_clock::now() + std::chrono::microseconds(kLookOut);
    while (offered_.load(std::memory_order_relaxed) == 0 && std::chrono::steady_clock::now() < until) std::this_thread::yield();
  }

  static constexpr int kLookOut = 100;

  int count_;
  std::atomic<size_t> offered_{0};
  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<std::shared_ptr<Job>> jobs_;
};

}  // namespace

void ParallelBlocks(int64_t size, int64_t block, const std::function<void(int64_t, int64_t, int64_t)>& work) {
  const int64_t blocks = (size + block - 1) / block;
  auto job = std::make_shared<Job>();
  job->size = size;
  job->block = block;
  job->blocks = blocks;
  job->work = &work;
  Helpers& helpers = Helpers::Get();
  if (blocks > 1) helpers.Offer(job);
  job->Run();
  // What is left is at most one block on each helper.
  while (job->done.load(std::memory_order_acquire) < blocks) std::this_thread::yield();
  if (job->problem) std::rethrow_exception(job->problem);
}

}  // namespace eqnet
