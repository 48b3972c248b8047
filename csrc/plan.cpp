#include "plan.h"

#include <algorithm>

#include "isa.h"

#ifdef _OPENMP
#include <omp.h>
#endif

namespace fastopt {
namespace {

// Below this many bytes a second thread costs more than it saves: two threads that are awake break
// even at a quarter (Adam) to a half (SGD) of a mebibyte.
constexpr std::size_t parallel_bytes = std::size_t{1} << 19;

// Rows are cut between threads at multiples of this many elements, so that threads share at most
// the one cache line at a cut.
constexpr std::size_t grain = 16;

constexpr std::size_t tile_size = 256;

std::size_t element_count(const ArrayView& array) {
    std::size_t count = 1;
    for (int i = 0; i < array.ndim; ++i) count *= static_cast<std::size_t>(array.shape[i]);
    return count;
}

// Updates elements first .. first + count of a row of which some operands are not contiguous.
template <class F>
void sweep_tiled(Kernel kernel, const void* rule, const std::vector<Operand>& operands,
                 std::size_t first, std::size_t count) {
    alignas(64) F tiles[max_operands][tile_size];
    void* at[max_operands];
    for (const std::size_t end = first + count; first < end; first += tile_size) {
        const std::size_t n = std::min(tile_size, end - first);
        for (std::size_t k = 0; k < operands.size(); ++k) {
            if (operands[k].contiguous()) {
                at[k] = operands[k].data() + first * sizeof(F);
            } else {
                operands[k].read(first, n, tiles[k]);
                at[k] = tiles[k];
            }
        }
        kernel(rule, at, n);
        for (std::size_t k = 0; k < operands.size(); ++k)
            if (k != gradient_operand && !operands[k].contiguous())
                operands[k].write(first, n, tiles[k]);
    }
}

}  // namespace

std::size_t Plan::add_group(std::unique_ptr<RuleOptions> options) {
    groups_.push_back(std::move(options));
    return groups_.size() - 1;
}

void Plan::add_row(std::size_t group, Scalar type, const ArrayView& parameter,
                   const std::vector<ArrayView>& slots) {
    const std::size_t item = size_of(type);
    Row row{
        group, type, groups_[group]->kernel(), 0, element_count(parameter), memory_order(parameter),
        {}};
    const auto add = [&](const ArrayView& array) {
        row.operands.emplace_back().bind(array, row.order, item);
        written_.push_back(extent(array, item));
    };
    add(parameter);
    row.operands.emplace_back().reserve(parameter.ndim);
    for (const ArrayView& slot : slots) add(slot);
    rows_.push_back(std::move(row));
}

void Plan::freeze() {
    std::sort(written_.begin(), written_.end(),
              [](const Extent& a, const Extent& b) { return a.begin < b.begin; });
    std::vector<Extent> merged;
    for (const Extent& bytes : written_) {
        if (bytes.begin == bytes.end) continue;
        if (!merged.empty() && bytes.begin <= merged.back().end)
            merged.back().end = std::max(merged.back().end, bytes.end);
        else
            merged.push_back(bytes);
    }
    written_ = std::move(merged);
    active_.reserve(rows_.size());
    tasks_.resize(rows_.size());
    prepared_.reserve(rows_.size());
}

bool Plan::touches(const Extent& bytes) const {
    const auto after = std::upper_bound(
        written_.begin(), written_.end(), bytes.begin,
        [](const char* begin, const Extent& written) { return begin < written.end; });
    return after != written_.end() && after->begin < bytes.end;
}

bool Plan::set_gradient(std::size_t index, const ArrayView& gradient, bool apart) {
    Row& row = rows_[index];
    Operand& operand = row.operands[gradient_operand];
    const char* known = operand.contiguous() ? operand.data() : nullptr;
    const std::size_t item = size_of(row.type);
    operand.bind(gradient, row.order, item);
    const bool same_bytes = operand.contiguous() && operand.data() == known;
    if (!same_bytes && !apart && touches(extent(gradient, item))) {
        operand.unbind();
        return false;
    }
    active_.push_back(index);
    return true;
}

// Counts the steps of the active rows and lists their work; returns how many bytes that touches.
std::size_t Plan::schedule() {
    const KernelTable& table = active_isa();
    const Row* before = nullptr;
    std::size_t elements = 0;
    std::size_t bytes = 0;
    task_count_ = 0;
    prepared_.clear();
    for (const std::size_t index : active_) {
        Row& row = rows_[index];
        ++row.steps;
        if (row.count == 0) continue;
        // Rows in the same state share one scalar part.
        if (before == nullptr || before->group != row.group || before->type != row.type ||
            before->steps != row.steps)
            groups_[row.group]->prepare(row.type, row.steps, prepared_.emplace_back());
        before = &row;

        const std::size_t item = size_of(row.type);
        elements += row.count;
        bytes += row.count * row.operands.size() * item;
        Task task{table.at(row.type, row.kernel),
                  prepared_.back().bytes,
                  row.count,
                  elements,
                  item,
                  row.operands.size(),
                  {},
                  nullptr};
        for (std::size_t k = 0; k < row.operands.size(); ++k) {
            task.at[k] = row.operands[k].data();
            if (!row.operands[k].contiguous()) task.tiled = &row;
        }
        // Unchanged tasks are not written, so that they stay in the caches of all threads: with a
        // thousand small rows, fetching them anew would take longer than the sweeps.
        if (tasks_[task_count_] != task) tasks_[task_count_] = task;
        ++task_count_;
    }
    return bytes;
}

void Plan::run([[maybe_unused]] int threads) {
    [[maybe_unused]] const std::size_t bytes = schedule();
    if (task_count_ == 0) return;
#ifdef _OPENMP
    if (threads > 1 && bytes >= parallel_bytes) {
#pragma omp parallel num_threads(threads)
        {
            const int parts = omp_get_num_threads();
            const int part = omp_get_thread_num();
            sweep(cut(part, parts), cut(part + 1, parts));
        }
        return;
    }
#endif
    sweep(0, tasks_[task_count_ - 1].end);
}

// Where part number `part` begins, in elements of all tasks.
std::size_t Plan::cut(int part, int parts) const {
    const std::size_t total = tasks_[task_count_ - 1].end;
    if (part == parts) return total;
    const auto n = static_cast<std::size_t>(parts);
    const auto k = static_cast<std::size_t>(part);
    const std::size_t even = total / n * k + total % n * k / n;
    const Task& task = task_at(even);
    const std::size_t start = task.end - task.count;
    return start + (even - start) / grain * grain;
}

const Plan::Task& Plan::task_at(std::size_t element) const {
    return *std::upper_bound(
        tasks_.data(), tasks_.data() + task_count_, element,
        [](std::size_t position, const Task& task) { return position < task.end; });
}

void Plan::sweep(std::size_t begin, std::size_t end) const {
    if (begin == end) return;
    for (const Task* task = &task_at(begin); begin < end; begin = task++->end) {
        const std::size_t first = begin - (task->end - task->count);
        const std::size_t count = std::min(end, task->end) - begin;
        if (task->tiled != nullptr) {
            if (task->tiled->type == Scalar::f32)
                sweep_tiled<float>(task->kernel, task->rule, task->tiled->operands, first, count);
            else
                sweep_tiled<double>(task->kernel, task->rule, task->tiled->operands, first, count);
            continue;
        }
        void* at[max_operands];
        for (std::size_t k = 0; k < task->operands; ++k) at[k] = task->at[k] + first * task->item;
        task->kernel(task->rule, at, count);
    }
}

}  // namespace fastopt
