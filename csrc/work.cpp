#include "work.h"

#include <algorithm>

#ifdef _OPENMP
#include <omp.h>
#endif

#include "isa.h"

namespace fastopt {
namespace {

// Below this many bytes a second thread costs more than it saves: two threads that are awake break
// even at a quarter (Adam) to a half (SGD) of a mebibyte.
constexpr std::size_t parallel_bytes = std::size_t{1} << 19;

// Tasks are cut between threads at multiples of this many elements, so that threads share at most
// the one cache line at a cut.
constexpr std::size_t grain = 16;

constexpr std::size_t tile_size = 256;

// Updates elements first .. first + count of a task of which some operands are not contiguous.
template <class F>
void sweep_tiled(const Task& task, std::size_t first, std::size_t count) {
    alignas(cache_line) F tiles[max_operands][tile_size];
    void* at[max_operands];
    const Operand* operands = task.tiled;
    for (const std::size_t end = first + count; first < end; first += tile_size) {
        const std::size_t n = std::min(tile_size, end - first);
        for (std::size_t k = 0; k < task.operands; ++k) {
            if (operands[k].contiguous()) {
                at[k] = operands[k].data() + first * sizeof(F);
            } else {
                operands[k].read(first, n, tiles[k]);
                at[k] = tiles[k];
            }
        }
        task.kernel(task.rule, at, n, false);
        for (std::size_t k = 0; k < task.operands; ++k)
            if (k != gradient_operand && !operands[k].contiguous())
                operands[k].write(first, n, tiles[k]);
    }
}

// The tasks as one line of elements.
class Line {
  public:
    Line(const Task* tasks, std::size_t count) : tasks_(tasks), count_(count) {}

    std::size_t size() const { return tasks_[count_ - 1].end; }

    // Where part number `part` begins.
    std::size_t cut(int part, int parts) const {
        const std::size_t total = size();
        if (part == parts) return total;
        const auto n = static_cast<std::size_t>(parts);
        const auto k = static_cast<std::size_t>(part);
        const std::size_t even = total / n * k + total % n * k / n;
        const Task& task = task_at(even);
        const std::size_t start = task.end - task.count;
        return start + (even - start) / grain * grain;
    }

    void sweep(std::size_t begin, std::size_t end, bool prefetch) const {
        if (begin == end) return;
        for (const Task* task = &task_at(begin); begin < end; begin = task++->end) {
            const std::size_t first = begin - (task->end - task->count);
            const std::size_t count = std::min(end, task->end) - begin;
            if (task->tiled != nullptr) {
                if (task->item == sizeof(float))
                    sweep_tiled<float>(*task, first, count);
                else
                    sweep_tiled<double>(*task, first, count);
                continue;
            }
            void* at[max_operands];
            for (std::size_t k = 0; k < task->operands; ++k)
                at[k] = task->at[k] + first * task->item;
            task->kernel(task->rule, at, count, prefetch);
        }
    }

  private:
    const Task& task_at(std::size_t element) const {
        return *std::upper_bound(
            tasks_, tasks_ + count_, element,
            [](std::size_t position, const Task& task) { return position < task.end; });
    }

    const Task* tasks_;
    std::size_t count_;
};

}  // namespace

void run(const Task* tasks, std::size_t count, [[maybe_unused]] std::size_t bytes,
         [[maybe_unused]] int threads) {
    if (count == 0) return;
    const Line line(tasks, count);
    const bool prefetch = prefetches();
#ifdef _OPENMP
    if (threads > 1 && bytes >= parallel_bytes) {
#pragma omp parallel num_threads(threads)
        {
            const int parts = omp_get_num_threads();
            const int part = omp_get_thread_num();
            line.sweep(line.cut(part, parts), line.cut(part + 1, parts), prefetch);
        }
        return;
    }
#endif
    line.sweep(0, line.size(), prefetch);
}

}  // namespace fastopt
