#include "lock.h"

#include <algorithm>
#include <chrono>
#include <thread>

#include "../include/fastopt.h"
#include "gil.h"

namespace fastopt::python {
namespace {

// The number of this thread, and above it that of the process.
std::uint64_t this_thread() {
    static std::atomic<std::uint32_t> threads{0};
    thread_local const std::uint32_t number = ++threads;
    return static_cast<std::uint64_t>(fastopt_fork_count()) << 32 | number;
}

bool is_of_this_process(std::uint64_t holder) {
    return holder >> 32 == this_thread() >> 32;
}

}  // namespace

void Lock::take() {
    using std::chrono::microseconds;
    constexpr int yields = 100;                        // before the thread sleeps
    constexpr microseconds longest_sleep(500);         // until it looks again
    constexpr std::chrono::milliseconds patience(50);  // until it looks for signals

    const std::uint64_t self = this_thread();
    for (;;) {
        std::uint64_t holder = 0;
        if (holder_.compare_exchange_strong(holder, self)) return;
        if (holder == self)
            refuse(PyExc_RuntimeError,
                   "the optimizer was used again from within its own step, by a closure or by an "
                   "object that converted itself to an array; use it before or after the step");
        if (!is_of_this_process(holder)) {
            if (holder_.compare_exchange_strong(holder, self)) return;
            continue;
        }
        without_gil([&] {
            const auto end = std::chrono::steady_clock::now() + patience;
            auto sleep = microseconds(10);
            for (int i = 0; holder_ == holder && std::chrono::steady_clock::now() < end; ++i) {
                if (i < yields) {
                    std::this_thread::yield();
                } else {
                    std::this_thread::sleep_for(sleep);
                    sleep = std::min(2 * sleep, longest_sleep);
                }
            }
        });
        if (PyErr_CheckSignals() != 0) throw py::error_already_set();
    }
}

void Lock::give_back() noexcept {
    std::uint64_t holder = this_thread();
    holder_.compare_exchange_strong(holder, 0);
}

py::object Lock::run(const py::function& function, const py::args& arguments) {
    const LockGuard guard(*this);
    return survive_exit([&] { return function(*arguments); });
}

}  // namespace fastopt::python
