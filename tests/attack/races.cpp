// Steps in many threads at once, for the thread sanitizer.
//
// Several plans, each with a team of OpenMP's threads of its own, while others choose the
// instruction set, step by one-shots and vector functions, make plans, and ask what the library is;
// and a plan that many threads want at once, of which one has it and the others are refused.
#include <atomic>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <thread>
#include <vector>

#include "fastopt.h"

namespace {

constexpr std::size_t size = std::size_t{1} << 17;  // enough for a team
std::atomic<bool> going{true};

void check(bool holds, const char* what) {
    if (holds) return;
    std::fprintf(stderr, "races: %s: %s\n", what, fastopt_error_message());
    std::abort();
}

#define CHECK(...) check(__VA_ARGS__, #__VA_ARGS__)

using Doubles = std::vector<double>;

fastopt_array described(Doubles& values, const std::ptrdiff_t& count,
                        const std::ptrdiff_t* stride = nullptr) {
    return {values.data(), FASTOPT_F64, 1, &count, stride};
}

// Rows of all kinds: by norms, by tiles, of a few elements.
class Work {
  public:
    Work() {
        CHECK(fastopt_plan_create(&plan_) == FASTOPT_OK);
        const fastopt_adam_options adam = fastopt_adam_defaults();
        const fastopt_lamb_options lamb = fastopt_lamb_defaults();
        CHECK(fastopt_plan_add_group(plan_, &adam.base, nullptr) == FASTOPT_OK);
        CHECK(fastopt_plan_add_group(plan_, &lamb.base, nullptr) == FASTOPT_OK);
        add(0, large_, gradient_, count_, nullptr);
        add(1, layer_, gradient_, count_, nullptr);
        add(1, columns_, gradient_columns_, half_, &stride_);
        add(0, small_, small_gradient_, few_, nullptr);
    }
    ~Work() { fastopt_plan_destroy(plan_); }
    Work(const Work&) = delete;
    Work& operator=(const Work&) = delete;

    fastopt_status step(int threads) { return fastopt_plan_step(plan_, threads); }
    fastopt_plan* plan() { return plan_; }
    const Doubles& parameter() const { return layer_; }

  private:
    void add(std::size_t group, Doubles& p, Doubles& g, const std::ptrdiff_t& count,
             const std::ptrdiff_t* stride) {
        const fastopt_array parameter = described(p, count, stride);
        const fastopt_array gradient = described(g, count, stride);
        std::size_t row = 0;
        CHECK(fastopt_plan_add_row(plan_, group, &parameter, nullptr, 0, &row) == FASTOPT_OK);
        CHECK(fastopt_plan_set_gradient(plan_, row, &gradient, 0) == FASTOPT_OK);
    }

    static constexpr std::ptrdiff_t count_ = size, half_ = size / 2, few_ = 5, stride_ = 16;
    fastopt_plan* plan_ = nullptr;
    Doubles large_ = Doubles(size, 1.0), layer_ = large_, columns_ = large_;
    Doubles gradient_ = Doubles(size, 0.5), gradient_columns_ = gradient_;
    Doubles small_ = Doubles(5, 1.0), small_gradient_ = Doubles(5, 0.5);
};

void step_own_plan(int threads, int steps, const Doubles& expected) {
    Work work;
    for (int i = 0; i < steps; ++i) CHECK(work.step(threads) == FASTOPT_OK);
    CHECK(expected.empty() || work.parameter() == expected);
}

// Whoever gets the plan steps it; the others are told that it is busy.
void contend(Work& work, std::atomic<int>& made, int steps) {
    for (int i = 0; i < steps;) {
        const fastopt_status status = work.step(2);
        CHECK(status == FASTOPT_OK || status == FASTOPT_BUSY);
        if (status == FASTOPT_BUSY) continue;
        ++i;
        ++made;
    }
}

void choose_instruction_sets() {
    for (std::size_t i = 0; going; ++i) {
        const char* name = fastopt_isa(i % 3);
        if (name != nullptr && fastopt_isa_available(name))
            CHECK(fastopt_use_isa(name) == FASTOPT_OK);
        CHECK(fastopt_active_isa() != nullptr && fastopt_num_threads(2) >= 1);
        CHECK(fastopt_use_isa("none") != FASTOPT_OK && fastopt_error_message()[0] != '\0');
        std::this_thread::yield();
    }
}

void step_without_plans() {
    Doubles p(size, 1.0), g(size, 0.5), m(size), v(size), sums(2);
    for (std::int64_t step = 1; going; ++step) {
        CHECK(fastopt_adam_f64(nullptr, step, size, p.data(), g.data(), m.data(), v.data(), nullptr,
                               2) == FASTOPT_OK);
        CHECK(fastopt_combine(FASTOPT_F64, size, m.data(), 0.5, p.data(), nullptr, g.data(),
                              sums.data(), 3) == FASTOPT_OK);
        CHECK(fastopt_magnitudes(FASTOPT_F64, size, p.data(), sums.data(), 2) == FASTOPT_OK);
    }
}

}  // namespace

int main(int argc, char** argv) {
    const int steps = argc > 1 ? std::atoi(argv[1]) : 20;
    // The first calls too, which read the environment, are made by many at once.
    std::vector<std::thread> stepping, others;
    for (int threads = 1; threads <= 3; ++threads)
        stepping.emplace_back([=] { step_own_plan(threads, 1, {}); });
    for (std::thread& thread : stepping) thread.join();
    stepping.clear();

    Work alone;
    for (int i = 0; i < steps; ++i) CHECK(alone.step(1) == FASTOPT_OK);
    others.emplace_back(choose_instruction_sets);
    others.emplace_back(step_without_plans);
    for (int threads = 1; threads <= 3; ++threads)
        stepping.emplace_back([&, threads] { step_own_plan(threads, steps, alone.parameter()); });
    Work shared;
    std::atomic<int> made{0};
    for (int i = 0; i < 2; ++i) stepping.emplace_back([&] { contend(shared, made, steps); });
    for (std::thread& thread : stepping) thread.join();
    going = false;
    for (std::thread& thread : others) thread.join();
    std::int64_t counted = 0;
    CHECK(fastopt_plan_get_steps(shared.plan(), 0, &counted) == FASTOPT_OK && counted == made);
    std::printf("%d steps of each\n", steps);
}
