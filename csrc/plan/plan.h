// The rows of an optimizer: which rule runs over which arrays, and how far each has come.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "../base/array.h"
#include "../options/registry.h"
#include "../runtime/thread_choice.h"
#include "operand.h"
#include "overlap.h"
#include "tasks.h"

namespace fastopt::core {

// Throws Failure unless rows that have begun with the present options can go on with the others.
void check_change(const RuleOptions& present, const RuleOptions& changed);
// As it, of a slot that was kept where the others may have begun anew.
void check_slot(const RuleOptions& present, const RuleOptions& changed, std::string_view slot);

// What a caller does wrong is thrown as Failure, before anything is modified.
class Plan {
  public:
    // Throws while a step runs in another thread.
    void check_not_stepping() const;

    std::size_t add_group(const RuleOptions& options);
    const RuleOptions& options(std::size_t group) const;
    void set_options(std::size_t group, const RuleOptions& options);

    // `slots` null: the plan allocates them. `disjoint`: the caller vouches that nothing overlaps.
    std::size_t add_row(std::size_t group, fastopt_array parameter, const fastopt_array* slots,
                        bool disjoint);
    std::int64_t steps(std::size_t row) const;
    void set_steps(std::size_t row, std::int64_t steps);
    fastopt_array slot(std::size_t row, std::size_t slot) const;

    // `gradient` null: the row is skipped.
    void set_gradient(std::size_t row, const fastopt_array* gradient, bool disjoint);
    // Of some slices of the parameter, which are numbered through over the axes that `values`
    // lacks; those that are there more than once are added up.
    void set_sparse_gradient(std::size_t row, const std::int64_t* indices, std::size_t count,
                             fastopt_array values, bool disjoint);
    void step(int num_threads);
    // How the last step used threads.
    fastopt_threading threading() const { return choice_.threading(); }
    // Takes over what another has learned of threads.
    void learn(const Plan& other) { choice_ = other.choice_; }

  private:
    struct Free {
        void operator()(void* block) const { std::free(block); }
    };

    // A sparse gradient's slices.
    struct Slices {
        struct Place {
            std::size_t index;     // of the slice, in the parameter
            std::size_t position;  // among the values
        };

        // visit(first, last) for the places of each slice of the parameter.
        template <class Visit>
        void for_each(Visit&& visit) const;

        std::vector<Place> places;  // in order
        int axes_before;            // that the indices go over
        std::size_t count;          // of elements, in each
        std::ptrdiff_t stride;      // from one slice of the values to the next
        // What slices that are there more than once add up to, in each step.
        std::vector<unsigned char> sums;
        // How a slice lies in each operand, and where the gradient is such a sum.
        std::vector<Operand> layouts, layouts_of_sums;
        std::vector<Operand::Axis> axes;
    };

    struct Row {
        std::size_t group;
        fastopt_type type;
        int variant;
        std::int64_t steps = 0;
        std::size_t count;
        bool active = false;  // has a gradient
        std::size_t task;     // its place among the tasks, while those are listed
        Extent gradient{};    // where it is, if that is known not to overlap what is written
        // The operands are the parameter, the gradient and the slots, as a kernel takes them. Their
        // shape, and behind it the strides of each: one place in memory to look at.
        std::vector<std::ptrdiff_t> lengths;
        std::vector<int> order;        // of the axes, as a sweep goes over them
        char* at[max_operands]{};      // where each operand begins
        std::vector<Operand> layouts;  // how it lies
        std::vector<Operand::Axis> axes;
        std::unique_ptr<Slices> slices;                  // null: the gradient is dense
        std::vector<std::unique_ptr<void, Free>> owned;  // what the plan allocated for its slots

        int ndim() const { return static_cast<int>(order.size()); }
        std::size_t operands() const { return layouts.size(); }
        const std::ptrdiff_t* shape() const { return lengths.data(); }
        const std::ptrdiff_t* strides(std::size_t operand) const {
            return lengths.data() + (1 + operand) * order.size();
        }
        void bind(std::size_t operand, const fastopt_array& array);
    };

    Row& row(std::size_t index);
    const Row& row(std::size_t index) const;
    static fastopt_array allocate_slot(Row& row, const fastopt_array& parameter, double value,
                                       std::ptrdiff_t* strides);
    void check_overlap(const std::vector<Extent>& added,
                       const std::vector<const char*>& names) const;
    Extent extent_apart(const fastopt_array& gradient, const char* name) const;
    std::unique_ptr<Slices> find_slices(const Row& row, const std::int64_t* indices,
                                        std::size_t count, const fastopt_array& values) const;
    void take_slices(Row& row, std::unique_ptr<Slices> slices);
    template <class F>
    static void add_up(Row& row);
    void list_tasks(const KernelTable& table);
    void list_slices(Row& row, Task task);
    void list_task(Task task, const std::vector<Operand>& layouts);

    std::vector<RuleOptions> groups_;
    std::vector<Row> rows_;
    std::size_t active_ = 0;       // how many rows have a gradient
    std::size_t slice_count_ = 0;  // how many slices sparse gradients have
    ExtentSet written_;

    // The work of a step, which stays as it is from step to step but for the coefficients.
    const KernelTable* listed_ = nullptr;  // whose kernels the tasks have; null: list them anew
    std::vector<Task> tasks_;
    std::size_t task_count_ = 0;
    std::size_t bytes_ = 0;          // that they touch
    bool tiled_ = false;             // whether some task is
    std::vector<const Row*> leads_;  // the first row of those that share a block of coefficients
    std::vector<CoefficientBlock> coefficients_;
    std::vector<Tiles> tiles_;  // as many as threads may need
    ThreadChoice choice_;

    std::atomic<int> stepping_{0};  // this_process() while a step runs
};

}  // namespace fastopt::core
