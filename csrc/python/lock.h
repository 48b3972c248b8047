// One thread at a time: what keeps two steps of an optimizer apart.
#pragma once

#include <atomic>
#include <cstdint>

#include "entry.h"

namespace fastopt::python {

// A thread that waits does so without Python's global lock, has its turn before the last holder has
// another, and Ctrl-C ends its wait. A child of fork() takes over what a thread held that it lacks.
class Lock {
  public:
    // Calls it while this thread holds the lock, which is given back whatever happens: in Python's
    // own code a KeyboardInterrupt could come between taking a lock and the try behind that.
    py::object run(const Arguments& function_and_arguments);

  private:
    friend class LockGuard;
    class Waiting;

    // Returns who has it now. RuntimeError where this thread holds it already.
    std::uint64_t take();
    // Does nothing where it was taken in the parent of this process.
    void give_back(std::uint64_t holder) noexcept;
    void count_waiting(int change);
    bool others_wait(std::uint64_t than_these) const;
    bool try_to_take(std::uint64_t self, std::uint64_t waiting_here);

    std::atomic<std::uint64_t> holder_{0};   // a thread of a process; 0: nobody
    std::atomic<std::uint64_t> last_{0};     // who had it last
    std::atomic<std::uint64_t> waiting_{0};  // how many threads of a process wait
};

class LockGuard {
  public:
    explicit LockGuard(Lock& lock) : lock_(lock), holder_(lock.take()) {}
    ~LockGuard() { lock_.give_back(holder_); }
    LockGuard(const LockGuard&) = delete;
    LockGuard& operator=(const LockGuard&) = delete;

  private:
    Lock& lock_;
    std::uint64_t holder_;
};

}  // namespace fastopt::python
