// The rows of a plan together with the Python objects whose memory they are: what plans over arrays
// and over tensors have in common.
#pragma once

#include <pybind11/pybind11.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <unordered_map>
#include <vector>

#include "../include/fastopt.hpp"
#include "memory.h"
#include "option_dict.h"
#include "shared_memory.h"

namespace fastopt::python {

class Rows {
  public:
    template <class Visit>
    void visit_objects(Visit&& visit) {
        for_each_held([&](Held& held) { held.memory.visit_objects(visit); });
        for (Gradient& gradient : gradients_) {
            gradient.values.visit_objects(visit);
            visit(gradient.indices);
        }
    }

  protected:
    // Memory, and how it lay when it was taken in.
    struct Held {
        Memory memory;
        void* data;
        fastopt_type type;
        bool is_complex;
        int ndim;
        std::size_t layout;  // where in layouts_ are its shape, and behind that its strides
    };

    struct Row {
        std::size_t group;
        const fastopt_variant_info* variant;
        Held parameter;
        std::vector<Held> slots;  // of the variant; others may follow
    };

    // As a step was given it.
    struct Gradient {
        explicit operator bool() const { return static_cast<bool>(values); }

        Memory values;
        py::object indices{};  // of the slices that a sparse one has, an array of int64; or null
        // What stays from step to step: where the plan has it, if it lies there as its parameter
        // does, and whether one there may be imaginary.
        void* handed_over = nullptr;
        bool may_be_imaginary = false;
    };

    // Which array of a row a message is about.
    enum class Part { parameter, gradient, slot };

    explicit Rows(const std::string& rule) : defaults_(rule, py::dict()) {}
    Rows(const Rows&) = delete;
    Rows& operator=(const Rows&) = delete;
    ~Rows() = default;

    // As messages have it.
    virtual std::string name(std::size_t row, Part part, std::size_t slot) const = 0;

    std::size_t group_count() const { return group_count_; }
    // ValueError where there is none of that number.
    void check_group(std::size_t group) const;
    OptionStruct options(std::size_t group) const;

    // Looks at a parameter or a slot, which may be refused under the label.
    Held hold(Memory memory, const Label& label);
    // Looks at what is to have the parameter's type and shape.
    void check_like(const Memory& memory, const Held& parameter, const Label& label) const;
    fastopt_array array(const Held& held) const;
    bool is_unmoved(const Held& held) const { return is_at(held.memory, held); }
    // Whether memory is where this was seen.
    bool is_at(const Memory& memory, const Held& held) const {
        return memory.is_at(array(held), held.is_complex);
    }

    // ValueError if parameters or slots have an element in common.
    void check_overlap() const;
    // Makes the plan of all rows, when each has its slots, and has made so many steps. Until then
    // the plan is as it was, whatever is thrown.
    void make_plan(const std::vector<OptionStruct>& groups, const std::vector<std::int64_t>& steps);

    // All gradients of a step are held before the first of them, or of the parameters, is looked
    // at: what gives them may run anybody's code, which may do anything to those before.
    void hold_gradient(std::size_t row, Memory values) {
        gradients_[row].values = std::move(values);
    }
    void hold_sparse_gradient(std::size_t row, py::object indices, Memory values) {
        hold_gradient(row, std::move(values));
        gradients_[row].indices = std::move(indices);
    }
    // Hands the plan what is held; a row without a gradient is skipped. True for a gradient that
    // may be imaginary.
    bool set_gradient(std::size_t row);
    void clear_gradient(std::size_t row);
    // And then those that lie between what is updated.
    void set_interleaved_gradients();
    // A step of the plan with what it was handed. Other threads may run Python code meanwhile, if
    // there is so much to do that it pays.
    void step_plan(int threads);
    // How the last step used threads, as pyfastopt.Threading; None before the first.
    py::object threading() const;
    // Lets go of the gradients, however a step ends.
    struct Release {
        explicit Release(Rows& rows) : rows_(rows) {}
        ~Release() {
            for (Gradient& gradient : rows_.gradients_) {
                gradient.values = {};
                if (gradient.indices) gradient.indices = {};
            }
            rows_.interleaved_.clear();
        }
        Rows& rows_;
    };

    std::vector<Row> rows_;
    std::vector<Gradient> gradients_;  // of each row
    Plan plan_;

  private:
    [[noreturn]] void refuse_row(std::size_t row) const;
    template <class Visit>
    void for_each_held(Visit&& visit) {
        for (Row& row : rows_) {
            visit(row.parameter);
            for (Held& slot : row.slots) visit(slot);
        }
    }
    // Arrays, and what they are to whom.
    struct Arrays {
        struct Owner {
            std::size_t row;
            Part part;
            std::size_t slot;
        };

        void add(const fastopt_array& array, std::size_t row, Part part, std::size_t slot) {
            arrays.push_back(array);
            owners.push_back({row, part, slot});
        }

        std::vector<fastopt_array> arrays;
        std::vector<Owner> owners;
    };

    // Where a gradient was.
    struct Apart {
        const void* data;
        std::vector<std::ptrdiff_t> shape, strides;
    };

    bool set_other_gradient(std::size_t row);
    fastopt_status hand_over(std::size_t row, const fastopt_array& values, unsigned flags) {
        if (gradients_[row].indices) return hand_over_sparse(row, values, flags);
        return fastopt_plan_set_gradient(plan_.get(), row, &values, flags);
    }
    fastopt_status hand_over_sparse(std::size_t row, const fastopt_array& values, unsigned flags);
    Arrays written_arrays() const;
    void refuse_if_shared(const Arrays& all, const Pairs& is_asked) const;
    bool is_known_apart(std::size_t row, const fastopt_array& gradient) const;

    OptionStruct defaults_;
    std::size_t group_count_ = 0;
    std::vector<std::ptrdiff_t> layouts_;
    std::unordered_map<std::size_t, Apart>
        apart_;                             // of rows whose last lay between what is updated
    std::vector<std::size_t> interleaved_;  // rows, in a step
    std::size_t bytes_ = 0;                 // of all parameters
};

}  // namespace fastopt::python
