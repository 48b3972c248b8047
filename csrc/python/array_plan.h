// A plan over arrays nested in Python's containers, with options and state of its own: what
// `pyfastopt._core.Plan` is.
#pragma once

#include <pybind11/pybind11.h>

#include <atomic>
#include <string>
#include <vector>

#include "lock.h"
#include "rows.h"
#include "tree.h"

namespace fastopt::python {

class ArrayPlan final : Rows {
  public:
    // `options` has a dict for each group. `grouped` says that each entry of the outermost list of
    // parameters is a group; otherwise there is one group.
    ArrayPlan(const std::string& rule, py::handle parameters, const py::list& options,
              bool grouped);

    void step(py::handle gradients);
    // The gradients as arrays, checked as for a step, an entry (or None) for each parameter.
    py::list gradients(py::handle gradients);

    py::object num_threads() const;
    py::object threading();
    void set_num_threads(py::handle threads);

    // Of a group.
    py::dict options(std::size_t group);
    // Changes the options named, of a group or of all: every one, or none and an exception.
    void set_options(std::size_t group, const py::dict& values);
    void set_all_options(const py::dict& values);

    // A group behind the others, of which gradients are then a list, and the end of one. Rows keep
    // their state, and all is as it was after an exception.
    void add_group(const std::string& rule, py::handle parameters, const py::dict& options);
    void remove_group(std::size_t group);

    std::size_t number_of_groups();
    // What each state array of a parameter begins with, by name.
    py::dict initial_state(std::size_t row);

    // An entry for each parameter.
    py::list paths();
    py::list groups();
    py::list parameters();
    py::list group_parameters(std::size_t group);
    // The parameters in their nesting, and whether each entry of that is a group: to make another
    // plan of them, or of copies. TypeError where a copy would come apart from memory that others
    // see.
    py::tuple structure();
    // {"step": n, slot: array, ...}, with views of the arrays in use.
    py::list state();
    // The same with copies, as one moment between two steps has it.
    py::list snapshot();
    // Takes over what options() gave of each group and what snapshot() gave, where None leaves a
    // parameter's state as it is: all of it, or nothing and an exception.
    void load(const py::list& options, const py::list& state);

    template <class Visit>
    void visit_objects(Visit&& visit) {
        tree_.visit_objects(visit);
        Rows::visit_objects(visit);
        for (auto& [row, owner] : lent_) visit(owner);
    }

  private:
    std::string name(std::size_t row, Part part, std::size_t slot) const override;
    py::list state_with(const char* method);
    [[noreturn]] void refuse_moved(std::size_t row) const;
    [[noreturn]] void refuse_read_only(std::size_t row) const;
    void check_parameter(std::size_t row) const;
    void take_gradients(py::handle gradients);
    OptionStruct changed_options(std::size_t group, const py::dict& values) const;
    std::vector<OptionStruct> all_options() const;
    void take_options(std::size_t first, const std::vector<OptionStruct>& changed);
    template <class Walk>
    void add_rows(Walk&& walk, std::vector<std::size_t> sizes,
                  const std::vector<OptionStruct>& groups);
    void complete(const std::vector<OptionStruct>& groups, std::vector<std::int64_t> steps = {});
    template <class Change>
    void change_rows(Change&& change);

    Tree tree_;
    bool grouped_;  // each entry of the outermost list is a group
    // Parameters that only their owner can tell to be what they were.
    std::vector<std::pair<std::size_t, py::object>> lent_;
    std::atomic<int> threads_{0};
    Lock lock_;
};

}  // namespace fastopt::python
