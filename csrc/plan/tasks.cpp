#include "tasks.h"

#include <algorithm>

#ifdef _OPENMP
#include <omp.h>

#include <cfenv>
#endif

#include "../runtime/isa.h"

namespace fastopt::core {
namespace {

// Tasks are cut between threads at multiples of this many elements, so that threads share at most
// the one cache line at a cut.
constexpr std::size_t grain = 16;

// The most blocks that are measured before their sums are added up. All threads wait for each other
// then, so it is to be seldom; and the sums are on the caller's stack.
constexpr std::size_t wave_blocks = 1024;

// Calls run(part, parts) in so many threads, each with a part of its own. All compute in the
// calling thread's floating-point environment, so that a rounding mode or flushed subnormals do not
// show how many they are; the others then put back their own. Returns how many there were, which
// is for OpenMP to say. A single thread opens no team: it may
// be one of the caller's own, and must not meet a barrier.
template <class Run>
int run_team([[maybe_unused]] int threads, const Run& run) {
#ifdef _OPENMP
    if (threads > 1) {
        int team = 1;
        std::fenv_t callers;
        std::fegetenv(&callers);
#pragma omp parallel num_threads(threads)
        {
            std::fenv_t own;
            std::fegetenv(&own);
            std::fesetenv(&callers);
            run(omp_get_thread_num(), omp_get_num_threads());
            if (omp_get_thread_num() > 0)
                std::fesetenv(&own);
            else
                team = omp_get_num_threads();
        }
        return team;
    }
#endif
    run(0, 1);
    return 1;
}

constexpr std::size_t tile_size = measured_elements;

template <class F, class Visit>
void visit_tiles(const Task& task, std::size_t first, std::size_t count, Tiles& tiles,
                 const Visit& visit) {
    auto* tile = reinterpret_cast<F*>(tiles.bytes);
    void* at[max_operands];
    const Operand* operands = task.tiled;
    for (const std::size_t end = first + count; first < end; first += tile_size) {
        const std::size_t n = std::min(tile_size, end - first);
        for (std::size_t k = 0; k < task.operands; ++k) {
            if (operands[k].contiguous()) {
                at[k] = task.at_element(k, first);
            } else {
                operands[k].read(task.at[k], first, n, tile + k * tile_size);
                at[k] = tile + k * tile_size;
            }
        }
        visit(at, first, n);
        for (std::size_t k = 0; k < task.operands; ++k)
            if (k != gradient_operand && !operands[k].contiguous())
                operands[k].write(task.at[k], first, n, tile + k * tile_size);
    }
}

// Calls visit(operands, first, count) for all of these elements of a task, in pieces of at most so
// many.
template <class Visit>
void visit_pieces(const Task& task, std::size_t first, std::size_t count, std::size_t piece,
                  Tiles* tiles, const Visit& visit) {
    if (task.tiled != nullptr) {
        if (task.item == sizeof(float))
            visit_tiles<float>(task, first, count, *tiles, visit);
        else
            visit_tiles<double>(task, first, count, *tiles, visit);
        return;
    }
    // Most small tasks; to copy the addresses would take longer than to sweep a few elements.
    if (first == 0 && count <= piece) {
        visit(task.at, first, count);
        return;
    }
    void* at[max_operands];
    for (const std::size_t end = first + count; first < end; first += piece) {
        for (std::size_t k = 0; k < task.operands; ++k) at[k] = task.at_element(k, first);
        visit(at, first, std::min(piece, end - first));
    }
}

// Elements of the list of tasks, from one to before another.
struct Range {
    std::size_t begin, end;
};

// The tasks, whose elements are numbered through.
class TaskList {
  public:
    TaskList(const Task* tasks, std::size_t count) : tasks_(tasks), count_(count) {}

    Range all() const { return {0, tasks_[count_ - 1].end}; }
    std::size_t blocks() const { return tasks_[count_ - 1].blocks_end; }

    // The elements of these blocks, and of tasks between them that have none.
    Range of_blocks(std::size_t begin, std::size_t end) const {
        return {block_begin(begin), block_begin(end)};
    }

    // The share of one of several parts, cut at multiples of `grain` elements into a task.
    Range share(const Range& range, int part, int parts, std::size_t grain) const {
        return {cut(range, part, parts, grain), cut(range, part + 1, parts, grain)};
    }

    void sweep(const Range& range, bool prefetch, Tiles* tiles) const {
        visit_tasks(range, [&](const Task& task, std::size_t first, std::size_t count) {
            visit_pieces(task, first, count, count, tiles,
                         [&](void* const* at, std::size_t, std::size_t n) {
                             task.kernel->sweep(task.coefficients, at, n, prefetch);
                         });
        });
    }

    // Measures whole blocks. `sums` has two numbers for each, the first those of block `from`.
    void measure(const Range& range, std::size_t from, double* sums, Tiles* tiles) const {
        visit_tasks(range, [&](const Task& task, std::size_t first, std::size_t count) {
            if (task.blocks() == 0) return;
            const std::size_t before = task.blocks_end - task.blocks();
            const auto at_element = [&](std::size_t position) {
                return sums + 2 * (before + position / block_elements - from);
            };
            std::fill_n(at_element(first), 2 * block_count(count), 0.0);
            visit_pieces(task, first, count, measured_elements, tiles,
                         [&](void* const* at, std::size_t position, std::size_t n) {
                             task.kernel->measure(task.coefficients, at, n, at_element(position));
                         });
        });
    }

    // Adds up, in order, what was measured of these blocks; `totals` are those of a task that goes
    // on from one call to the next. Sets the trust ratio of each task that is complete.
    void set_trust_ratios(const Range& range, const double* sums, double (&totals)[2]) const {
        visit_tasks(range, [&](const Task& task, std::size_t first, std::size_t count) {
            if (task.blocks() == 0) return;
            if (first == 0) totals[0] = totals[1] = 0.0;
            for (std::size_t k = 0; k < block_count(count); ++k, sums += 2) {
                totals[0] += sums[0];
                totals[1] += sums[1];
            }
            if (first + count == task.count)
                task.kernel->set_trust_ratio(task.coefficients, totals);
        });
    }

  private:
    std::size_t cut(const Range& range, int part, int parts, std::size_t grain) const {
        if (part == parts) return range.end;
        const std::size_t total = range.end - range.begin;
        const auto n = static_cast<std::size_t>(parts);
        const auto k = static_cast<std::size_t>(part);
        const std::size_t even = range.begin + total / n * k + total % n * k / n;
        const Task& task = task_at(even);
        const std::size_t start = task.end - task.count;
        return start + (even - start) / grain * grain;
    }

    // Where a block begins; behind the last of them, the end of the list.
    std::size_t block_begin(std::size_t block) const {
        if (block == blocks()) return all().end;
        const Task& task = *std::upper_bound(
            tasks_, tasks_ + count_, block,
            [](std::size_t number, const Task& task) { return number < task.blocks_end; });
        return task.end - task.count + (block - (task.blocks_end - task.blocks())) * block_elements;
    }

    const Task& task_at(std::size_t element) const {
        return *std::upper_bound(
            tasks_, tasks_ + count_, element,
            [](std::size_t position, const Task& task) { return position < task.end; });
    }

    // visit(task, first, count) for the tasks that the elements are of.
    template <class Visit>
    void visit_tasks(const Range& range, const Visit& visit) const {
        auto [begin, end] = range;
        if (begin == end) return;
        for (const Task* task = &task_at(begin); begin < end; begin = task++->end)
            visit(*task, begin - (task->end - task->count), std::min(end, task->end) - begin);
    }

    const Task* tasks_;
    std::size_t count_;
};

}  // namespace

int run_tasks(const Task* tasks, std::size_t count, int threads, Tiles* tiles) {
    if (count == 0) return 1;
    const TaskList list(tasks, count);
    const bool prefetch = prefetches();
    double sums[2 * wave_blocks];
    double totals[2];
    return run_team(threads, [&](int part, int parts) {
        Tiles* own = tiles == nullptr ? nullptr : tiles + part;
        for (std::size_t from = 0; from < list.blocks(); from += wave_blocks) {
            const Range wave = list.of_blocks(from, std::min(list.blocks(), from + wave_blocks));
            list.measure(list.share(wave, part, parts, block_elements), from, sums, own);
            if (parts > 1) {
#pragma omp barrier
#pragma omp single
                list.set_trust_ratios(wave, sums, totals);
            } else {
                list.set_trust_ratios(wave, sums, totals);
            }
        }
        list.sweep(list.share(list.all(), part, parts, grain), prefetch, own);
    });
}

int for_each_block(std::size_t count, int threads,
                   const std::function<void(std::size_t, std::size_t, std::size_t)>& visit) {
    const std::size_t blocks = block_count(count);
    return run_team(threads, [&](int part, int parts) {
        const auto cut = [&](int k) {
            return blocks * static_cast<std::size_t>(k) / static_cast<std::size_t>(parts);
        };
        for (std::size_t block = cut(part); block < cut(part + 1); ++block) {
            const std::size_t first = block * block_elements;
            visit(block, first, std::min(block_elements, count - first));
        }
    });
}

}  // namespace fastopt::core
