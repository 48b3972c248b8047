// How ThreadChoice does on machines that are simulated: the time of a step is drawn from a model,
// so that the test takes no time and knows what the best choice would have been.
//
// Prints for each phase of each machine
//   machine;phase;seconds;seconds with one thread;with the most;steps in a row, at most, that took
//   over 1.5 times one thread's mean
#include "runtime/thread_choice.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <iterator>
#include <random>

using fastopt::core::ThreadChoice;

namespace {

struct Machine {
    const char* name;
    double serial;   // seconds of a step of one thread
    double speedup;  // of all threads
    int best;        // number of threads, beyond which there is no more gain
    int most;
};

struct Phase {
    const char* name;
    double load;  // processes that want the CPUs beside us, for each CPU
    double seconds;
};

class Model {
  public:
    double uniform() { return std::uniform_real_distribution<>(0, 1)(random_); }

    double duration(const Machine& machine, const Phase& phase, int threads) {
        const double share = std::log2(std::min(threads, machine.best)) / std::log2(machine.best);
        const double gain = 1 + (machine.speedup - 1) * share;
        const double beyond = threads > machine.best ? 1.1 : 1;
        double time = machine.serial / gain * beyond * (1 + 0.1 * uniform());
        if (phase.load == 0) return time;
        // A thread that has run for a slice waits for one; each that works waits on its own.
        const double slice = 0.004;
        double latest = 0;
        for (int k = 0; k < threads; ++k) {
            // One thread alone is asked to make room as it computes. The helpers of a team have to
            // get a CPU in the first place.
            double chance = std::min(1.0, phase.load * time / slice);
            if (k > 0) chance = std::max(chance, phase.load / 2);
            if (uniform() < std::min(chance, 0.9)) latest = std::max(latest, slice * uniform() * 2);
        }
        return time + latest;
    }

  private:
    std::mt19937 random_{1};
};

void run(const Machine& machine, const Phase* phases, std::size_t count) {
    ThreadChoice choice;
    Model model;
    for (const Phase* phase = phases; phase != phases + count; ++phase) {
        double sum = 0, one = 0, all = 0;
        long steps = 0;
        int slow = 0, slowest = 0;
        while (sum < phase->seconds) {
            const int threads = choice.next(machine.most);
            const double time = model.duration(machine, *phase, threads);
            choice.took(time, 1 << 20);
            const double serial = model.duration(machine, *phase, 1);
            one += serial;
            all += model.duration(machine, *phase, machine.most);
            sum += time;
            ++steps;
            slow = threads > 1 && time > 1.5 * one / static_cast<double>(steps) ? slow + 1 : 0;
            slowest = std::max(slowest, slow);
        }
        std::printf("%s;%s;%g;%g;%g;%d\n", machine.name, phase->name, sum, one, all, slowest);
    }
}

}  // namespace

int main() {
    const Machine machines[] = {
        {"2 threads, 45 us", 45e-6, 1.9, 2, 2},     {"2 threads, 1 ms", 1e-3, 1.9, 2, 2},
        {"2 threads, 20 ms", 20e-3, 1.6, 2, 2},     {"2 threads, no gain", 1e-3, 0.8, 2, 2},
        {"16 threads, 45 us", 45e-6, 6, 16, 16},    {"16 threads, 1 ms", 1e-3, 6, 16, 16},
        {"16 threads, 20 ms", 20e-3, 6, 16, 16},    {"16 threads, 4 are enough", 1e-3, 3, 4, 16},
        {"16 threads, no gain", 1e-3, 0.5, 16, 16},
    };
    const Phase phases[] = {
        {"quiet", 0, 3}, {"busy", 1, 3}, {"quiet again", 0, 3}, {"half", 0.3, 3}};
    for (const Machine& machine : machines) run(machine, phases, std::size(phases));
}
