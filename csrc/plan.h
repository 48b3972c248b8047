// The frozen work list of an optimizer: which kernel runs over which arrays, and how a step shares
// them out between threads.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <type_traits>
#include <vector>

#include "kernels.h"
#include "operand.h"
#include "registry.h"

namespace fastopt {

class Plan {
  public:
    std::size_t add_group(std::unique_ptr<RuleOptions> options);

    // A parameter and its state slots, as many as the group's kernel has. The arrays stay the
    // caller's; they must outlive the plan and stay where they are.
    void add_row(std::size_t group, Scalar type, const ArrayView& parameter,
                 const std::vector<ArrayView>& slots);

    // Call after the last add_row: makes room for everything that a step needs.
    void freeze();

    std::size_t groups() const { return groups_.size(); }
    RuleOptions& options(std::size_t group) { return *groups_[group]; }
    // The new options must be served by the same kernel.
    void set_options(std::size_t group, std::unique_ptr<RuleOptions> options) {
        groups_[group] = std::move(options);
    }

    std::int64_t steps(std::size_t row) const { return rows_[row].steps; }
    void set_steps(std::size_t row, std::int64_t steps) { rows_[row].steps = steps; }

    // A step: begin(), the gradients of those rows that have one, run(). Only run() writes.
    void begin() { active_.clear(); }
    // False, and nothing done, where bytes of the gradient lie among those that the plan writes.
    // `apart` says that the two are known to be disjoint all the same, as interleaved views are.
    bool set_gradient(std::size_t row, const ArrayView& gradient, bool apart = false);
    void run(int threads);

  private:
    struct Row {
        std::size_t group;
        Scalar type;
        int kernel;
        std::int64_t steps;
        std::size_t count;
        std::vector<int> order;         // of the axes, as the parameter lies in memory
        std::vector<Operand> operands;  // parameter, gradient, slots: as a kernel takes them
    };

    // A row that takes part in the present step, with all that its sweep needs in one place: the
    // rows themselves are in the cache of the thread that called, not in those of the others.
    struct Task {
        Kernel kernel;
        const void* rule;
        std::size_t count;
        std::size_t end;  // how many elements the tasks up to this one have
        std::size_t item;
        std::size_t operands;
        char* at[max_operands];  // where the operands begin
        const Row* tiled;        // the row if some operand is not contiguous, else null

        bool operator!=(const Task& other) const {
            return std::memcmp(this, &other, sizeof(Task)) != 0;
        }
    };
    static_assert(std::has_unique_object_representations_v<Task>, "comparison is by bytes");

    bool touches(const Extent& bytes) const;
    std::size_t schedule();
    const Task& task_at(std::size_t element) const;
    std::size_t cut(int part, int parts) const;
    void sweep(std::size_t begin, std::size_t end) const;

    std::vector<std::unique_ptr<RuleOptions>> groups_;
    std::vector<Row> rows_;
    std::vector<Extent> written_;  // sorted and disjoint
    std::vector<std::size_t> active_;
    std::vector<Task> tasks_;
    std::size_t task_count_ = 0;
    std::vector<Prepared> prepared_;
};

}  // namespace fastopt
