#include "plan.h"

#include <algorithm>
#include <cstring>
#include <new>
#include <string>
#include <utility>

#include "../base/checks.h"
#include "../base/failure.h"
#include "../base/text.h"
#include "../options/structs.h"
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

// Throws, with those that are to blame of several that differ, unless the others suit.
template <class Suits>
void check_options(const RuleOptions& present, const RuleOptions& changed, const Suits& suit) {
    check_rule(changed.type(), present.type());
    if (suit(changed)) return;
    std::vector<std::string> names;
    for (const fastopt_option_info& option : present.type().options) {
        RuleOptions with_one = present;
        copy_option(with_one, changed, option);
        if (!suit(with_one)) names.push_back(option_text(changed, option));
    }
    refuse(list_text(names) +
               " would change which state arrays there are, or what they hold; make a new "
               "optimizer or plan with it",
           FASTOPT_INVALID_OPTION);
}

}  // namespace

void check_change(const RuleOptions& present, const RuleOptions& changed) {
    check_options(present, changed,
                  [&](const RuleOptions& others) { return present.may_become(others); });
}

void check_slot(const RuleOptions& present, const RuleOptions& changed, std::string_view slot) {
    const fastopt_variant_info& all = present.type().info.all_slots;
    const std::vector<std::string> names(all.slots, all.slots + all.slot_count);
    if (std::find(names.begin(), names.end(), slot) == names.end())
        refuse("slot = '" + std::string(slot) + "' is not one of " + present.rule() + "'s, " +
               list_text(names));
    check_options(present, changed,
                  [&](const RuleOptions& others) { return present.agrees_on(slot, others); });
}

void Plan::check_not_stepping() const {
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

void Plan::Row::bind(std::size_t operand, const fastopt_array& array) {
    at[operand] = static_cast<char*>(array.data);
    std::copy_n(array.strides, array.ndim,
                lengths.begin() + static_cast<std::ptrdiff_t>((1 + operand) * order.size()));
    layouts[operand].bind(array, order.data(), axes.data() + operand * order.size());
}

// Of the arrays of a new row: from those that are written, from the gradients, from each other.
void Plan::check_overlap(const std::vector<Extent>& added,
                         const std::vector<const char*>& names) const {
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
    std::ptrdiff_t c_strides[FASTOPT_MAX_DIMS];
    fill_strides(parameter, c_strides);
    check_written(parameter, "parameter");
    const fastopt_variant_info& variant = variant_info(row.variant);
    row.order.resize(static_cast<std::size_t>(parameter.ndim));
    sweep_order(active_isa().at(row.type, row.variant), parameter, row.order.data());
    row.layouts.resize(2 + variant.slot_count);
    row.axes.resize(row.operands() * row.order.size());
    row.lengths.assign(parameter.shape, parameter.shape + parameter.ndim);
    row.lengths.resize((1 + row.operands()) * row.order.size());
    row.bind(0, parameter);
    std::vector<Extent> extents{extent(parameter)};
    std::vector<const char*> names{"parameter"};
    for (std::size_t i = 0; i < variant.slot_count; ++i) {
        names.emplace_back(variant.slots[i]);
        fastopt_array slot;
        std::ptrdiff_t strides[FASTOPT_MAX_DIMS];
        if (slots == nullptr) {
            slot =
                allocate_slot(row, parameter, chosen.initial_state(static_cast<int>(i)), strides);
        } else {
            slot = slots[i];
            check_like(slot, row.type, row.ndim(), row.shape(), names.back());
            fill_strides(slot, strides);
            check_written(slot, names.back());
        }
        extents.push_back(extent(slot));
        row.bind(2 + i, slot);
    }
    if (!disjoint) check_overlap(extents, names);
    // Room for a step, which must not fail for want of memory.
    listed_ = nullptr;
    tasks_.resize(std::max(tasks_.size(), rows_.size() + 1 + slice_count_));
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
    const std::size_t operand = 2 + slot;
    if (slot >= of.operands() - 2)
        refuse("slot = " + std::to_string(slot) + " is not below the row's " +
               std::to_string(of.operands() - 2) + " slots");
    return {of.at[operand], of.type, of.ndim(), of.shape(), of.strides(operand)};
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
        take_slices(row, nullptr);
        return;
    }
    check_like(*gradient, row.type, row.ndim(), row.shape(), "gradient");
    fastopt_array array = *gradient;
    std::ptrdiff_t c_strides[FASTOPT_MAX_DIMS];
    fill_strides(array, c_strides);
    const bool was_dense = row.active && row.slices == nullptr;
    const bool unmoved = was_dense && row.at[gradient_operand] == array.data &&
                         same_lengths(array.strides, row.strides(gradient_operand), array.ndim);
    if (unmoved && (disjoint || row.gradient.begin != nullptr)) return;
    check_read(array, "gradient");
    row.gradient = disjoint ? Extent{} : extent_apart(array, "gradient");
    const Operand& layout = row.layouts[gradient_operand];
    const bool was_contiguous = layout.contiguous();
    row.bind(gradient_operand, array);
    if (!was_dense || layout.contiguous() != was_contiguous)
        listed_ = nullptr;
    else if (listed_ != nullptr && row.count > 0)
        tasks_[row.task].at[gradient_operand] = row.at[gradient_operand];
    take_slices(row, nullptr);
    active_ += row.active ? 0 : 1;
    row.active = true;
}

void Plan::set_sparse_gradient(std::size_t index, const std::int64_t* indices, std::size_t count,
                               fastopt_array values, bool disjoint) {
    Row& row = this->row(index);
    std::ptrdiff_t c_strides[FASTOPT_MAX_DIMS];
    fill_strides(values, c_strides);
    auto slices = find_slices(row, indices, count, values);
    check_read(values, "values");
    const Extent bytes = disjoint ? Extent{} : extent_apart(values, "values");
    // Room for a step, which must not fail for want of memory.
    tasks_.resize(std::max(tasks_.size(), rows_.size() + slice_count_ + count));

    row.gradient = bytes;
    row.at[gradient_operand] = static_cast<char*>(values.data);
    take_slices(row, std::move(slices));
    listed_ = nullptr;
    active_ += row.active ? 0 : 1;
    row.active = true;
}

// What the values are for, which have their strides.
std::unique_ptr<Plan::Slices> Plan::find_slices(const Row& row, const std::int64_t* indices,
                                                std::size_t count,
                                                const fastopt_array& values) const {
    const Kernel& kernel = active_isa().at(row.type, row.variant);
    if (kernel.measure != nullptr)
        refuse_argument("values",
                        "the rule works with norms of the whole parameter; set a dense "
                        "gradient");
    check_count(count, row.type);
    if (values.ndim < 1 || values.ndim > row.ndim())
        refuse_argument("values", "ndim = " + std::to_string(values.ndim) +
                                      " must be from 1 to the parameter's " +
                                      std::to_string(row.ndim()) + ": a slice for each index");
    auto slices = std::make_unique<Slices>();
    const int before = slices->axes_before = row.ndim() - (values.ndim - 1);
    std::ptrdiff_t shape[FASTOPT_MAX_DIMS] = {static_cast<std::ptrdiff_t>(count)};
    std::copy(row.shape() + before, row.shape() + row.ndim(), shape + 1);
    if (values.type != row.type) refuse_unlike(values, row.type, row.ndim(), row.shape(), "values");
    if (!same_lengths(values.shape, shape, values.ndim))
        refuse_argument("values", "shape " + shape_text(values.ndim, values.shape) + " must be " +
                                      shape_text(values.ndim, shape) +
                                      ", a slice of the parameter for each index");

    std::size_t total = 1;
    for (int i = 0; i < before; ++i) total *= static_cast<std::size_t>(row.shape()[i]);
    std::vector<Slices::Place>& places = slices->places;
    places.reserve(count);
    for (std::size_t i = 0; i < count; ++i) {
        places.push_back({static_cast<std::size_t>(indices[i]), i});
        if (places[i].index >= total)
            refuse_argument("indices", "indices[" + std::to_string(i) +
                                           "] = " + std::to_string(indices[i]) +
                                           " must be from 0 to below " + std::to_string(total) +
                                           ", the number of slices");
    }
    const auto is_before = [](const Slices::Place& a, const Slices::Place& b) {
        return a.index != b.index ? a.index < b.index : a.position < b.position;
    };
    if (!std::is_sorted(places.begin(), places.end(), is_before))
        std::sort(places.begin(), places.end(), is_before);

    const auto slice = [&](std::size_t k) -> fastopt_array {
        const std::ptrdiff_t* strides =
            k == gradient_operand ? values.strides + 1 : row.strides(k) + before;
        return {nullptr, row.type, values.ndim - 1, shape + 1, strides};
    };
    slices->count = element_count(slice(0));
    slices->stride = values.strides[0];
    int order[FASTOPT_MAX_DIMS];
    sweep_order(kernel, slice(0), order);
    const auto axes = static_cast<std::size_t>(values.ndim - 1);
    slices->layouts.resize(row.operands());
    slices->axes.resize(row.operands() * axes);
    for (std::size_t k = 0; k < row.operands(); ++k)
        slices->layouts[k].bind(slice(k), order, slices->axes.data() + k * axes);
    slices->layouts_of_sums = slices->layouts;
    slices->layouts_of_sums[gradient_operand] = Operand();
    std::size_t sums = 0;
    slices->for_each([&](const auto* first, const auto* last) { sums += last - first > 1; });
    slices->sums.resize(sums * slices->count * size_of(row.type));
    return slices;
}

template <class Visit>
void Plan::Slices::for_each(Visit&& visit) const {
    const Place* const end = places.data() + places.size();
    for (const Place* first = places.data(); first != end;) {
        const Place* last = first + 1;
        while (last != end && last->index == first->index) ++last;
        visit(first, last);
        first = last;
    }
}

// One by one, in the order in which they were given.
template <class F>
void Plan::add_up(Row& row) {
    Slices& slices = *row.slices;
    const Operand& layout = slices.layouts[gradient_operand];
    F tile[measured_elements];
    auto* sum = reinterpret_cast<F*>(slices.sums.data());
    slices.for_each([&](const Slices::Place* first, const Slices::Place* last) {
        if (last - first == 1) return;
        for (const Slices::Place* place = first; place != last; ++place) {
            char* const values = row.at[gradient_operand] +
                                 static_cast<std::ptrdiff_t>(place->position) * slices.stride;
            for (std::size_t begin = 0; begin < slices.count; begin += measured_elements) {
                const std::size_t n = std::min(slices.count - begin, measured_elements);
                if (layout.contiguous())
                    std::memcpy(tile, values + begin * sizeof(F), n * sizeof(F));
                else
                    layout.read(values, begin, n, tile);
                for (std::size_t i = 0; i < n; ++i)
                    sum[begin + i] = place == first ? tile[i] : sum[begin + i] + tile[i];
            }
        }
        sum += slices.count;
    });
}

void Plan::take_slices(Row& row, std::unique_ptr<Slices> slices) {
    slice_count_ -= row.slices == nullptr ? 0 : row.slices->places.size();
    slice_count_ += slices == nullptr ? 0 : slices->places.size();
    row.slices = std::move(slices);
}

// The gradient's, which has nothing in common with what is updated.
Extent Plan::extent_apart(const fastopt_array& gradient, const char* name) const {
    const Extent bytes = extent(gradient);
    if (written_.overlaps(bytes)) refuse_overlap(name, "what the plan updates");
    return bytes;
}

// A gradient at another address changes its task alone; anything else has the tasks listed anew.
void Plan::list_tasks(const KernelTable& table) {
    written_.settle();
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

        Task task{};
        task.kernel = &kernel;
        task.coefficients = coefficients_[leads_.size() - 1].bytes;
        task.count = row.count;
        task.item = size_of(row.type);
        task.operands = row.operands();
        std::copy_n(row.at, task.operands, task.at);
        row.task = task_count_;
        if (row.slices == nullptr)
            list_task(task, row.layouts);
        else
            list_slices(row, task);
    }
    listed_ = &table;
}

// One for each slice, of the row's task.
void Plan::list_slices(Row& row, Task task) {
    Slices& slices = *row.slices;
    task.count = slices.count;
    auto* sum = reinterpret_cast<char*>(slices.sums.data());
    slices.for_each([&](const Slices::Place* first, const Slices::Place* last) {
        const bool is_sum = last - first > 1;
        list_task(task, is_sum ? slices.layouts_of_sums : slices.layouts);
        void** at = tasks_[task_count_ - 1].at;
        const auto advance = [&](std::size_t k, std::ptrdiff_t bytes) {
            at[k] = static_cast<char*>(at[k]) + bytes;
        };
        if (is_sum) {
            at[gradient_operand] = sum;
            sum += slices.count * task.item;
        } else {
            advance(gradient_operand, static_cast<std::ptrdiff_t>(first->position) * slices.stride);
        }
        std::size_t rest = first->index;
        for (int axis = slices.axes_before; axis-- > 0;) {
            const auto length = static_cast<std::size_t>(row.shape()[axis]);
            // The first axis needs no division, and nearly always is the only one.
            const auto place = static_cast<std::ptrdiff_t>(axis == 0 ? rest : rest % length);
            if (axis > 0) rest /= length;
            for (std::size_t k = 0; k < task.operands; ++k)
                if (k != gradient_operand) advance(k, place * row.strides(k)[axis]);
        }
    });
}

// Behind those that are listed.
void Plan::list_task(Task task, const std::vector<Operand>& layouts) {
    if (task_count_ > 0) {
        task.end = tasks_[task_count_ - 1].end;
        task.blocks_end = tasks_[task_count_ - 1].blocks_end;
    }
    task.end += task.count;
    task.blocks_end += task.blocks();
    for (const Operand& layout : layouts)
        if (!layout.contiguous()) task.tiled = layouts.data();
    bytes_ += task.count * task.operands * task.item;
    tiled_ |= task.tiled != nullptr;
    tasks_[task_count_++] = task;
}

void Plan::step(int num_threads) {
    if (stepping_.exchange(this_process()) == this_process()) refuse_busy();
    struct Release {
        std::atomic<int>& stepping;
        ~Release() { stepping = 0; }
    } release{stepping_};
    const KernelTable& table = active_isa();
    if (listed_ != &table) list_tasks(table);
    const ThreadLimit limit = thread_limit(num_threads, bytes_);
    const auto needed = static_cast<std::size_t>(limit.most);
    if (tiled_ && tiles_.size() < needed) tiles_ = std::vector<Tiles>(needed);
    for (Row& row : rows_)
        if (row.active && row.steps < FASTOPT_MAX_STEPS) ++row.steps;
    if (slice_count_ > 0)
        for (Row& row : rows_)
            if (row.slices != nullptr && row.count > 0)
                row.type == FASTOPT_F32 ? add_up<float>(row) : add_up<double>(row);
    for (std::size_t k = 0; k < leads_.size(); ++k) {
        const Row& lead = *leads_[k];
        groups_[lead.group].compute_coefficients(lead.type, Step{lead.steps}, coefficients_[k]);
    }
    choice_.run(limit, bytes_, [&](int threads) {
        return run_tasks(tasks_.data(), task_count_, threads, tiled_ ? tiles_.data() : nullptr);
    });
}

}  // namespace fastopt::core
