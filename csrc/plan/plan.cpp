#include "plan.h"

#include <algorithm>
#include <new>
#include <string>
#include <utility>

#include "../base/checks.h"
#include "../base/failure.h"
#include "../runtime/isa.h"
#include "../runtime/thread_count.h"
#include "state_layout.h"

namespace fastopt::core {
namespace {

std::string index_text(const char* name, std::size_t index, std::size_t count) {
    return std::string(name) + " = " + std::to_string(index) + " is not below the plan's " +
           std::to_string(count);
}

// Distinguishes a step of this process from one that its parent was in when it forked.
int this_process() {
    return 1 + fork_count();
}

[[noreturn]] void refuse_busy() {
    refuse("plan: another thread is stepping it; use a plan in one thread at a time", FASTOPT_BUSY);
}

}  // namespace

void check_change(const RuleOptions& present, const RuleOptions& changed) {
    if (!present.may_become(changed))
        refuse(
            "options: they would change which state arrays there are, or how they started; make a "
            "new plan with them",
            FASTOPT_INVALID_OPTION);
}

void Plan::check_idle() const {
    if (stepping_ == this_process()) refuse_busy();
}

std::size_t Plan::add_group(const RuleOptions& options) {
    groups_.push_back(options);
    return groups_.size() - 1;
}

const RuleOptions& Plan::options(std::size_t group) const {
    if (group >= groups_.size()) refuse(index_text("group", group, groups_.size()) + " groups");
    return groups_[group];
}

void Plan::set_options(std::size_t group, const RuleOptions& changed) {
    check_change(options(group), changed);
    groups_[group] = changed;
}

Plan::Row& Plan::row(std::size_t index) {
    return const_cast<Row&>(static_cast<const Plan&>(*this).row(index));
}

const Plan::Row& Plan::row(std::size_t index) const {
    if (index >= rows_.size()) refuse(index_text("row", index, rows_.size()) + " rows");
    return rows_[index];
}

// A block of whole cache lines, so that nothing else is in the lines that threads write.
fastopt_array Plan::allocate_slot(Row& row, const fastopt_array& parameter, double value,
                                  std::ptrdiff_t* strides) {
    const std::size_t bytes = row.count * size_of(row.type) + state_padding;
    // calloc's zeros cost nothing until they are touched.
    std::unique_ptr<void, Free> block(std::calloc(bytes / cache_line + 1, cache_line));
    if (block == nullptr) throw std::bad_alloc();
    const fastopt_array slot = place_state(parameter, row.order.data(), block.get(), strides);
    row.owned.push_back(std::move(block));
    if (value != 0) {
        if (row.type == FASTOPT_F32)
            std::fill_n(static_cast<float*>(slot.data), row.count, static_cast<float>(value));
        else
            std::fill_n(static_cast<double*>(slot.data), row.count, value);
    }
    return slot;
}

// Of the arrays of a new row: from those that are written, from the gradients, from each other.
void Plan::check_overlap(const std::vector<Extent>& added,
                         const std::vector<std::string>& names) const {
    for (std::size_t i = 0; i < added.size(); ++i) {
        if (written_.overlaps(added[i])) refuse_overlap(names[i], "another row");
        for (std::size_t k = 0; k < i; ++k)
            if (overlap(added[i], added[k])) refuse_overlap(names[i], names[k]);
    }
    if (active_ == 0) return;
    for (const Row& row : rows_)
        for (std::size_t i = 0; row.active && i < added.size(); ++i)
            if (overlap(row.gradient, added[i])) refuse_overlap(names[i], "a gradient");
}

std::size_t Plan::add_row(std::size_t group, fastopt_array parameter, const fastopt_array* slots,
                          bool disjoint) {
    const RuleOptions& chosen = options(group);
    Row row{};
    row.group = group;
    row.type = parameter.type;
    row.variant = chosen.variant();
    row.count = element_count(parameter);
    row.layout.assign(parameter.shape, parameter.shape + parameter.ndim);
    row.layout.resize(2 * row.layout.size());
    std::ptrdiff_t c_strides[FASTOPT_MAX_DIMS];
    fill_strides(parameter, c_strides);
    check_written(parameter, "parameter");
    const fastopt_variant_info& variant = variant_info(row.variant);
    row.order.resize(static_cast<std::size_t>(parameter.ndim));
    sweep_order(active_isa().at(row.type, row.variant), parameter, row.order.data());
    row.operands.resize(2 + variant.slot_count);
    row.axes.resize(row.operands.size() * row.order.size());
    row.bind(0, parameter);
    std::vector<Extent> extents{extent(parameter)};
    std::vector<std::string> names{"parameter"};
    for (std::size_t i = 0; i < variant.slot_count; ++i) {
        names.emplace_back(variant.slots[i]);
        fastopt_array slot;
        Array& kept = row.slots.emplace_back();
        kept.strides.resize(static_cast<std::size_t>(parameter.ndim));
        if (slots == nullptr) {
            slot = allocate_slot(row, parameter, chosen.initial_state(static_cast<int>(i)),
                                 kept.strides.data());
        } else {
            slot = slots[i];
            check_like(slot, row.type, row.ndim(), row.shape(), names.back());
            fill_strides(slot, c_strides);
            check_written(slot, names.back());
            kept.strides.assign(slot.strides, slot.strides + slot.ndim);
        }
        kept.data = slot.data;
        slot.strides = kept.strides.data();
        extents.push_back(extent(slot));
        row.bind(2 + i, slot);
    }
    if (!disjoint) check_overlap(extents, names);
    // Room for a step, which must not fail for want of memory.
    listed_ = nullptr;
    tasks_.resize(rows_.size() + 1);
    leads_.reserve(rows_.size() + 1);
    coefficients_.resize(rows_.size() + 1);
    written_.reserve(extents.size());
    rows_.push_back(std::move(row));
    for (const Extent& bytes : extents) written_.insert(bytes);
    return rows_.size() - 1;
}

std::int64_t Plan::steps(std::size_t index) const {
    return row(index).steps;
}

void Plan::set_steps(std::size_t index, std::int64_t steps) {
    if (steps < 0 || steps > FASTOPT_MAX_STEPS)
        refuse("steps = " + std::to_string(steps) + " must be an integer from 0 to " +
               std::to_string(FASTOPT_MAX_STEPS));
    // pyfastopt.torch sets each count in each step once others may have changed it.
    if (row(index).steps == steps) return;
    row(index).steps = steps;
    listed_ = nullptr;
}

fastopt_array Plan::slot(std::size_t index, std::size_t slot) const {
    const Row& of = row(index);
    if (slot >= of.slots.size())
        refuse("slot = " + std::to_string(slot) + " is not below the row's " +
               std::to_string(of.slots.size()) + " slots");
    return {of.slots[slot].data, of.type, of.ndim(), of.shape(), of.slots[slot].strides.data()};
}

void Plan::set_gradient(std::size_t index, const fastopt_array* gradient, bool disjoint) {
    Row& row = this->row(index);
    if (gradient == nullptr) {
        if (row.active) {
            --active_;
            listed_ = nullptr;
        }
        row.active = false;
        row.gradient = {};
        return;
    }
    check_like(*gradient, row.type, row.ndim(), row.shape(), "gradient");
    fastopt_array array = *gradient;
    std::ptrdiff_t c_strides[FASTOPT_MAX_DIMS];
    fill_strides(array, c_strides);
    Operand& operand = row.operands[gradient_operand];
    const bool unmoved = row.active && operand.data() == array.data &&
                         same_lengths(array.strides, row.gradient_strides(), array.ndim);
    if (unmoved && (disjoint || row.gradient.begin != nullptr)) return;
    check_read(array, "gradient");
    Extent bytes{};
    if (!disjoint) {
        bytes = extent(array);
        if (written_.overlaps(bytes)) refuse_overlap("gradient", "what the plan updates");
    }
    row.gradient = bytes;
    std::copy_n(array.strides, array.ndim, row.gradient_strides());
    const bool was_contiguous = operand.contiguous();
    row.bind(gradient_operand, array);
    if (!row.active || operand.contiguous() != was_contiguous)
        listed_ = nullptr;
    else if (listed_ != nullptr && row.count > 0)
        tasks_[row.task].at[gradient_operand] = operand.data();
    active_ += row.active ? 0 : 1;
    row.active = true;
}

// A gradient at another address changes its task alone; anything else has the tasks listed anew.
void Plan::list_tasks(const KernelTable& table) {
    std::size_t elements = 0;
    std::size_t blocks = 0;
    bytes_ = 0;
    task_count_ = 0;
    tiled_ = false;
    leads_.clear();
    for (Row& row : rows_) {
        if (!row.active || row.count == 0) continue;
        // Rows in the same state share their coefficients, unless those depend on norms.
        const Kernel& kernel = table.at(row.type, row.variant);
        if (kernel.measure != nullptr || leads_.empty() || leads_.back()->group != row.group ||
            leads_.back()->type != row.type || leads_.back()->steps != row.steps)
            leads_.push_back(&row);

        const std::size_t item = size_of(row.type);
        elements += row.count;
        if (kernel.measure != nullptr) blocks += block_count(row.count);
        bytes_ += row.count * row.operands.size() * item;
        row.task = task_count_++;
        Task& task = tasks_[row.task];
        task = {&kernel,   coefficients_[leads_.size() - 1].bytes,
                row.count, elements,
                item,      row.operands.size(),
                {},        nullptr,
                blocks};
        for (std::size_t k = 0; k < row.operands.size(); ++k) {
            task.at[k] = row.operands[k].data();
            if (!row.operands[k].contiguous()) task.tiled = row.operands.data();
        }
        tiled_ |= task.tiled != nullptr;
    }
    listed_ = &table;
}

void Plan::step(int threads) {
    if (stepping_.exchange(this_process()) == this_process()) refuse_busy();
    struct Release {
        std::atomic<int>& stepping;
        ~Release() { stepping = 0; }
    } release{stepping_};
    const KernelTable& table = active_isa();
    if (listed_ != &table) list_tasks(table);
    threads = threads_for(bytes_, threads);
    const auto needed = static_cast<std::size_t>(threads);
    if (tiled_ && tiles_.size() < needed) tiles_ = std::vector<Tiles>(needed);
    for (Row& row : rows_)
        if (row.active && row.steps < FASTOPT_MAX_STEPS) ++row.steps;
    for (std::size_t k = 0; k < leads_.size(); ++k) {
        const Row& lead = *leads_[k];
        groups_[lead.group].compute_coefficients(lead.type, Step{lead.steps}, coefficients_[k]);
    }
    run_tasks(tasks_.data(), task_count_, threads, tiled_ ? tiles_.data() : nullptr);
}

}  // namespace fastopt::core
