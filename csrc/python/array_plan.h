// A Plan together with the Python objects that it works on: what `pyfastopt._core.Plan` is.
#pragma once

#include <pybind11/pybind11.h>

#include <atomic>
#include <string>
#include <vector>

#include "../include/fastopt.hpp"
#include "lock.h"
#include "numpy_arrays.h"
#include "option_dict.h"
#include "tree.h"

namespace fastopt::python {

class ArrayPlan {
  public:
    // `options` has a dict for each group. `grouped` says that each entry of the outermost list of
    // parameters is a group; otherwise there is one group.
    ArrayPlan(const std::string& rule, py::handle parameters, const py::list& options,
              bool grouped);

    void step(py::handle gradients);
    // The gradients as arrays, checked as for a step, an entry (or None) for each parameter.
    py::list gradients(py::handle gradients);

    py::object num_threads() const;
    void set_num_threads(py::handle threads);

    // A dict for each group.
    py::list options();
    // Changes the options named in a dict for each group: all of them, or none and an exception.
    void set_options(const py::list& changes);

    // An entry for each parameter.
    py::list paths() const;
    py::list groups() const;
    py::list parameters() const;
    // {"step": n, slot: array, ...}, with views of the arrays in use.
    py::list state();
    // The same with copies, as one moment between two steps has it.
    py::list snapshot();
    // Takes over what snapshot() and options() gave: all of it, or nothing and an exception.
    void load(const py::list& options, const py::list& state);

    template <class Visit>
    void visit_objects(Visit&& visit) {
        tree_.visit_objects(visit);
        for (Row& row : rows_) {
            visit(row.parameter);
            visit(row.owner);
            for (py::array& slot : row.slots) visit(slot);
        }
        for (Shared& gradient : gradients_) {
            visit(gradient.array);
            visit(gradient.owner);
        }
    }

  private:
    // An array, and the object that shared it where that speaks DLPack. Either may be null.
    struct Shared {
        py::object array;
        py::object owner;
    };

    struct Row {
        std::size_t group;
        py::array parameter;
        py::object owner;  // as in Shared
        ArraySpec spec;
        std::vector<py::array> slots;
    };

    py::list state_with(py::object (*hand_out)(const py::array&));
    void check_overlap() const;
    void check_unchanged(std::size_t row) const;
    void take_gradients(py::handle gradients);
    static Shared share(py::handle object, const Label& label);
    void set_gradient(std::size_t row, const Shared& gradient);
    const fastopt_variant_info& variant(std::size_t row) const;
    std::vector<OptionStruct> changed_options(const py::list& changes) const;
    void take_options(std::vector<OptionStruct> changed);

    Tree tree_;
    std::vector<Row> rows_;
    std::vector<OptionStruct> options_;  // of each group
    Plan plan_;
    std::atomic<int> threads_{0};
    std::vector<Shared> gradients_;  // of each row, in a step
    Lock lock_;
};

// One step of a rule on the caller's own arrays; `slots` maps names to arrays or None.
void apply(const std::string& rule, py::handle parameter, py::handle gradient,
           const py::dict& slots, py::handle step, const py::dict& options, py::handle threads);

// (all options, the state slots with what each begins with) under the given options.
py::tuple describe(const std::string& rule, const py::dict& options);

// From 1 to FASTOPT_MAX_THREADS, or 0 for None. TypeError or ValueError for anything else.
int thread_number(py::handle threads);

// The rule's struct under the given options.
py::bytes pack_options(const std::string& rule, const py::dict& options);

}  // namespace fastopt::python
