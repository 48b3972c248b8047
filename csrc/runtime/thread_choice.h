// Which number of threads is faster now, learned from how long steps take.
#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>

#include "thread_count.h"

namespace fastopt::core {

// The numbers to choose from are 1, 2, 4, ... and the most that are allowed. One is in use; now and
// then another is tried for a few steps, the more seldom the more the last try of it has cost. One
// thread is the measure: a number in use that falls behind it is given up at once.
//
// The bits of a step do not depend on the number, so nothing else does.
class ThreadChoice {
  public:
    // Calls work(threads), which touches so many bytes, with the number that is chosen; it returns
    // how many there were.
    template <class Work>
    void run(ThreadLimit limit, std::size_t bytes, const Work& work) {
        limit_ = limit;
        if (limit.reason != FASTOPT_THREADS_MEASURED) {
            used_ = work(limit.most);
            return;
        }
        const int chosen = next(limit.most);
        const auto begin = std::chrono::steady_clock::now();
        used_ = work(chosen);
        const std::chrono::duration<double> time = std::chrono::steady_clock::now() - begin;
        took(time.count(), bytes);
    }

    // How many threads the next step is to have, of at least two; took() tells how long it then
    // was. The only clock is the sum of those times.
    int next(int most);
    void took(double seconds, std::size_t bytes);

    // Of the last step, and what the choice rests on.
    fastopt_threading threading() const;

  private:
    // Of seconds a byte: over the last quarter of a second, but no fewer than eight steps.
    class Mean {
      public:
        double value() const { return weight_ > 0 ? sum_ / weight_ : 0; }
        void add(double seconds, double bytes);
        // Lets what comes now soon outweigh what was.
        void age();

      private:
        double sum_ = 0, weight_ = 0;
    };
    struct Level {
        int threads;
        Mean pace;
        double due = 0;      // when it may be tried
        int rejections = 0;  // in a row
    };

    void begin(int most);
    void use(int level);
    void try_out(int level);
    void judge_trial(double seconds, double bytes);
    void judge_present(double seconds, double bytes);
    void put_off(Level& level, double lost, double bytes);

    int most_ = 0;  // that the levels are for
    int count_ = 0;
    Level levels_[FASTOPT_MAX_CHOICES];
    int present_ = 0;       // the level in use
    int trial_ = -1;        // the level on trial, if any
    int taken_ = 0;         // how many steps the level in use, or the trial, has had
    bool is_first_ = true;  // the first step of all may be the first to touch the memory
    double clock_ = 0;      // the time of all steps
    double balance_ = 0;    // what a trial has gained
    double credit_ = 0;     // what the level in use has gained on one thread, up to a limit
    double lost_ = 0;       // what it, or a trial, has lost
    int slow_ = 0;          // how many steps in a row were slower than one thread's
    // Of the last step.
    std::size_t bytes_ = 0;
    ThreadLimit limit_{};
    int used_ = 0;
};

// A choice that calls without a plan have in common, for about so many bytes.
struct SharedChoice {
    std::atomic_flag is_taken = ATOMIC_FLAG_INIT;
    ThreadChoice choice;
};
SharedChoice& shared_choice(std::size_t bytes);

// As ThreadChoice::run. Beside another thread that has the choice, one thread does the work.
template <class Work>
void run_shared(ThreadLimit limit, std::size_t bytes, const Work& work) {
    if (limit.reason != FASTOPT_THREADS_MEASURED) {
        work(limit.most);
        return;
    }
    struct Turn {
        SharedChoice& of;
        const bool is_ours = !of.is_taken.test_and_set(std::memory_order_acquire);
        ~Turn() {
            if (is_ours) of.is_taken.clear(std::memory_order_release);
        }
    } turn{shared_choice(bytes)};
    if (turn.is_ours)
        turn.of.choice.run(limit, bytes, work);
    else
        work(1);
}

}  // namespace fastopt::core
