#include "lock.h"

#include <algorithm>
#include <chrono>
#include <thread>

#include "../include/fastopt.h"
#include "gil.h"
#include "objects.h"

namespace fastopt::python {
namespace {

// What is said of a process is above, and of its threads below: so what a parent has left in a
// child of fork() can be told apart.
constexpr int process_shift = 32;

std::uint64_t this_process() {
    return static_cast<std::uint64_t>(fastopt_fork_count()) << process_shift;
}

bool is_of_this_process(std::uint64_t word) {
    return word >> process_shift == this_process() >> process_shift;
}

std::uint64_t this_thread() {
    static std::atomic<std::uint32_t> threads{0};
    thread_local const std::uint32_t number = ++threads;
    return this_process() | number;
}

}  // namespace

// Counts a thread among those that wait, as long as this object lives.
class Lock::Waiting {
  public:
    explicit Waiting(Lock& lock) : lock_(lock) { lock_.count_waiting(1); }
    ~Waiting() { lock_.count_waiting(-1); }
    Waiting(const Waiting&) = delete;
    Waiting& operator=(const Waiting&) = delete;

  private:
    Lock& lock_;
};

void Lock::count_waiting(int change) {
    std::uint64_t before = waiting_;
    std::uint64_t after;
    do {
        const std::uint64_t count = is_of_this_process(before) ? before : this_process();
        after = count + static_cast<std::uint64_t>(static_cast<std::int64_t>(change));
    } while (!waiting_.compare_exchange_weak(before, after));
}

bool Lock::others_wait(std::uint64_t than_these) const {
    const std::uint64_t waiting = waiting_;
    return waiting != 0 && is_of_this_process(waiting) && waiting > this_process() + than_these;
}

bool Lock::try_to_take(std::uint64_t self, std::uint64_t waiting_here) {
    // A thread that has just had it would else have it again before any other wakes up.
    if (last_ == self && others_wait(waiting_here)) return false;
    std::uint64_t holder = holder_;
    if (holder != 0 && is_of_this_process(holder)) return false;
    if (!holder_.compare_exchange_strong(holder, self)) return false;
    last_ = self;
    return true;
}

std::uint64_t Lock::take() {
    using std::chrono::microseconds;
    constexpr int yields = 100;                        // before the thread sleeps
    constexpr microseconds longest_sleep(200);         // until it looks again
    constexpr std::chrono::milliseconds patience(50);  // until it looks for signals

    const std::uint64_t self = this_thread();
    if (holder_ == self)
        refuse(PyExc_RuntimeError,
               "the optimizer was used again from within its own step, by a closure or by an "
               "object that converted itself to an array; use it before or after the step");
    if (try_to_take(self, 0)) return self;
    const Waiting counted(*this);
    for (;;) {
        bool taken = false;
        without_gil([&] {
            const auto end = std::chrono::steady_clock::now() + patience;
            auto sleep = microseconds(10);
            for (int i = 0; !taken && std::chrono::steady_clock::now() < end; ++i) {
                if (i < yields) {
                    std::this_thread::yield();
                } else {
                    std::this_thread::sleep_for(sleep);
                    sleep = std::min(2 * sleep, longest_sleep);
                }
                taken = try_to_take(self, 1);
            }
        });
        if (taken) return self;
        if (PyErr_CheckSignals() != 0) throw py::error_already_set();
    }
}

void Lock::give_back(std::uint64_t holder) noexcept {
    holder_.compare_exchange_strong(holder, 0);
}

py::object Lock::run(const Arguments& call) {
    if (call.count == 0) throw py::type_error("run() takes a function, and its arguments");
    const LockGuard guard(*this);
    return survive_exit([&] {
        const auto count = static_cast<std::size_t>(call.count - 1);
        auto result = py::reinterpret_steal<py::object>(
            PyObject_Vectorcall(call.values[0], call.values + 1, count, nullptr));
        if (!result) throw py::error_already_set();
        return result;
    });
}

}  // namespace fastopt::python
