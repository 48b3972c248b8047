#include "tasks.h"

#include <algorithm>

#ifdef _OPENMP
#include <omp.h>
#endif

#include "../runtime/isa.h"
#include "../runtime/threads.h"

namespace fastopt::core {
namespace {

// Tasks are cut between threads at multiples of this many elements, so that threads share at most
// the one cache line at a cut.
constexpr std::size_t grain = 16;

// What is copied together of operands that are not contiguous.
constexpr std::size_t tile_size = measured_elements;

template <class F, class Visit>
void visit_tiles(const Task& task, std::size_t first, std::size_t count, const Visit& visit) {
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
        visit(at, first, n);
        for (std::size_t k = 0; k < task.operands; ++k)
            if (k != gradient_operand && !operands[k].contiguous())
                operands[k].write(first, n, tiles[k]);
    }
}

// Calls visit(operands, first, count) for all of these elements of a task, in pieces of at most so
// many.
template <class Visit>
void visit_pieces(const Task& task, std::size_t first, std::size_t count, std::size_t piece,
                  const Visit& visit) {
    if (task.tiled != nullptr) {
        if (task.item == sizeof(float))
            visit_tiles<float>(task, first, count, visit);
        else
            visit_tiles<double>(task, first, count, visit);
        return;
    }
    void* at[max_operands];
    for (const std::size_t end = first + count; first < end; first += piece) {
        for (std::size_t k = 0; k < task.operands; ++k) at[k] = task.at[k] + first * task.item;
        visit(at, first, std::min(piece, end - first));
    }
}

// The tasks, whose elements are numbered through.
class TaskList {
  public:
    TaskList(const Task* tasks, std::size_t count) : tasks_(tasks), count_(count) {}

    std::size_t size() const { return tasks_[count_ - 1].end; }

    // Where part number `part` begins: a multiple of `grain` elements into its task.
    std::size_t cut(int part, int parts, std::size_t grain) const {
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
        visit_tasks(begin, end, [&](const Task& task, std::size_t first, std::size_t count) {
            visit_pieces(task, first, count, count,
                         [&](void* const* at, std::size_t, std::size_t n) {
                             task.kernel->sweep(task.coefficients, at, n, prefetch);
                         });
        });
    }

    // `begin` and `end` are cuts at whole blocks.
    void measure(std::size_t begin, std::size_t end) const {
        visit_tasks(begin, end, [&](const Task& task, std::size_t first, std::size_t count) {
            if (task.sums == nullptr) return;
            std::fill_n(task.sums + 2 * (first / block_elements), 2 * block_count(count), 0.0);
            visit_pieces(task, first, count, measured_elements,
                         [&](void* const* at, std::size_t position, std::size_t n) {
                             double* sums = task.sums + 2 * (position / block_elements);
                             task.kernel->measure(task.coefficients, at, n, sums);
                         });
        });
    }

    void set_trust_ratios() const {
        for (const Task* task = tasks_; task != tasks_ + count_; ++task) {
            if (task->sums == nullptr) continue;
            double totals[2] = {};
            for (std::size_t k = 0; k < 2 * block_count(task->count); ++k)
                totals[k % 2] += task->sums[k];
            task->kernel->set_trust_ratio(task->coefficients, totals);
        }
    }

  private:
    const Task& task_at(std::size_t element) const {
        return *std::upper_bound(
            tasks_, tasks_ + count_, element,
            [](std::size_t position, const Task& task) { return position < task.end; });
    }

    // visit(task, first, count) for the tasks between two places on the list.
    template <class Visit>
    void visit_tasks(std::size_t begin, std::size_t end, const Visit& visit) const {
        if (begin == end) return;
        for (const Task* task = &task_at(begin); begin < end; begin = task++->end)
            visit(*task, begin - (task->end - task->count), std::min(end, task->end) - begin);
    }

    const Task* tasks_;
    std::size_t count_;
};

}  // namespace

void run_tasks(const Task* tasks, std::size_t count, [[maybe_unused]] std::size_t bytes,
               bool measured, [[maybe_unused]] int threads) {
    if (count == 0) return;
    const TaskList list(tasks, count);
    const bool prefetch = prefetches();
#ifdef _OPENMP
    threads = threads_for(bytes, threads);
    if (threads > 1) {
#pragma omp parallel num_threads(threads)
        {
            const int parts = omp_get_num_threads();
            const int part = omp_get_thread_num();
            if (measured) {
                list.measure(list.cut(part, parts, block_elements),
                             list.cut(part + 1, parts, block_elements));
#pragma omp barrier
#pragma omp single
                list.set_trust_ratios();
            }
            list.sweep(list.cut(part, parts, grain), list.cut(part + 1, parts, grain), prefetch);
        }
        return;
    }
#endif
    if (measured) {
        list.measure(0, list.size());
        list.set_trust_ratios();
    }
    list.sweep(0, list.size(), prefetch);
}

void for_each_block(std::size_t count, [[maybe_unused]] std::size_t bytes,
                    [[maybe_unused]] int threads,
                    const std::function<void(std::size_t, std::size_t, std::size_t)>& visit) {
    const auto blocks = static_cast<std::ptrdiff_t>(block_count(count));
#ifdef _OPENMP
    threads = threads_for(bytes, threads);
#pragma omp parallel for num_threads(threads) if (threads > 1)
#endif
    for (std::ptrdiff_t k = 0; k < blocks; ++k) {
        const auto block = static_cast<std::size_t>(k);
        const std::size_t first = block * block_elements;
        visit(block, first, std::min(block_elements, count - first));
    }
}

}  // namespace fastopt::core
