// Leaving Python's global lock to others, and coming back.
#pragma once

#include <pybind11/pybind11.h>

#include <chrono>
#include <cstddef>
#include <exception>
#include <thread>

#include "../include/fastopt.hpp"

namespace fastopt::python {

// Calls what may wait for the global lock. Where the interpreter is exiting meanwhile, it ends such
// a thread by unwinding its stack, which would run our destructors without the lock, and abort the
// process in one that is noexcept: the thread stops here instead.
template <class Call>
auto survive_exit(Call&& call) {
    try {
        return call();
    } catch (...) {
        if (std::current_exception()) throw;  // an exception of C++, which an unwinding is not
        for (;;) std::this_thread::sleep_for(std::chrono::hours(1));
    }
}

// Runs it while other threads may run Python code. It throws nothing.
template <class Work>
void without_gil(Work&& work) {
    PyThreadState* const state = PyEval_SaveThread();
    work();
    survive_exit([&] { PyEval_RestoreThread(state); });
}

// Runs work on parameters of so many bytes, and so if there is so much of it that it pays.
template <class Work>
void without_gil_if_long(std::size_t bytes, Work&& work) {
    constexpr std::size_t small_work = 4096;
    if (bytes > small_work)
        without_gil(work);
    else
        work();
}

// Calls a function of the C API so, and throws what it refuses.
template <class Function, class... Arguments>
void call_without_gil(Function function, Arguments... arguments) {
    fastopt_status status = FASTOPT_OK;
    without_gil([&] { status = function(arguments...); });
    check(status);
}

}  // namespace fastopt::python
