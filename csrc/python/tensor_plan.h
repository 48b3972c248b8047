// A plan over another library's tensors, which may move between steps: what pyfastopt.torch works
// with, in one thread at a time. Tensors are described through DLPack's table of C functions,
// without a Python call each.
#pragma once

#include <pybind11/pybind11.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "../include/fastopt.hpp"
#include "dlpack.h"
#include "option_dict.h"

namespace fastopt::python {

class TensorPlan {
  public:
    // `tensor_type` is the library's class of tensors. `groups` has for each parameter group
    //   (the group's dictionary, [(parameter, state, steps), ...]).
    // `state` is a dictionary from "step", where the optimizer has that, and the slots' names to
    // pairs (tensor, array): the array is the tensor's memory, which it keeps alive, or None where
    // that is the tensor's own. It is None for a parameter that has no gradient yet. `steps` is
    // how many steps the parameter has made; it is read only where no "step" tells.
    TensorPlan(const std::string& rule, py::handle tensor_type, const py::list& groups);

    // One step, with the gradients that the parameters have now; 0 threads: the default. False, and
    // nothing done, where parameters, options or state are no longer what the plan was made for.
    // `state` maps parameters to dictionaries of state tensors. It is None where nobody can have
    // replaced or moved those whose memory is kept alive here.
    bool step(const py::list& param_groups, py::handle state, int threads);

    // The parameters that the last step updated.
    const py::list& updated();

    // TypeError, beginning with the label, for a tensor that cannot be used.
    static void check_tensor(py::handle tensor_type, py::handle tensor, const std::string& label);

    // (names of the slots, their initial value) under the options in a group's dictionary.
    static py::dict group_state(const std::string& rule, const py::dict& values);

    template <class Visit>
    void visit_objects(Visit&& visit) {
        for (Group& group : groups_) {
            for (Source& source : group.sources) visit(source.object);
            for (Row& row : group.rows) {
                visit(row.parameter.object);
                visit(row.state);
                for (Slot& slot : row.slots) {
                    visit(slot.tensor.object);
                    visit(slot.array);
                }
            }
        }
        for (auto& [parameter, state] : state_) {
            visit(parameter);
            visit(state);
        }
        for (py::object& gradient : gradients_) visit(gradient);
        visit(updated_);
    }

  private:
    // A tensor's place and layout, as it says at the moment.
    struct View {
        fastopt_array array;
        std::ptrdiff_t shape[FASTOPT_MAX_DIMS];
        std::ptrdiff_t strides[FASTOPT_MAX_DIMS];
    };

    // A tensor, and where and how it lay when the plan was made.
    struct Tensor {
        py::object object;
        char* data;
        fastopt_type type;
        int ndim;
        std::size_t layout;  // where in layouts_ are its shape, and behind that its strides
    };

    struct Slot {
        py::str name;
        Tensor tensor;
        py::object array;
    };

    struct Row {
        std::size_t group;
        std::size_t place;        // within it
        bool in_plan;             // else it had no gradient when the plan was made
        bool active;              // it has one now
        std::size_t index;        // in the plan
        std::int64_t began_with;  // how many steps it had made, where no tensor counts them
        Tensor parameter;
        std::vector<Slot> slots;  // of the variant, and behind them the count of steps
        bool has_step;            // else nothing counts the parameter's steps
        py::object state;         // the dictionary that the slots are in

        fastopt_array step(const TensorPlan& plan) const { return plan.array(slots.back().tensor); }
    };

    // An option, and the object in the group's dictionary that it was last read from: null if there
    // was none, or one that may change within itself.
    struct Source {
        const fastopt_option_info* option;
        py::str name;
        bool is_given;
        py::object object;
    };

    enum class Reading { unchanged, changed, needs_new_plan };

    struct Group {
        Group(const std::string& rule, std::size_t number, const py::dict& values);
        // Takes over what has changed in the group's dictionary.
        Reading read(const py::dict& values);

        std::string label;
        OptionStruct options;
        std::vector<Source> sources;
        std::vector<Row> rows;
    };

    template <class MakeLabel>
    static void look(const DLPackExchange& exchange, py::handle tensor, MakeLabel&& label,
                     View& view);
    Tensor remember(py::handle tensor, const std::string& label);
    fastopt_array array(const Tensor& tensor) const;
    bool has_moved(const Tensor& tensor) const;
    void remember_row(std::size_t group, const py::tuple& entry);
    void add_to_plan(Row& row);
    void check_overlap() const;
    void check_apart(const fastopt_array& gradient, const std::string& name) const;
    std::string label(const Row& row, const Slot* slot = nullptr) const;
    bool gather(const py::list& param_groups, py::handle state);
    bool is_known(py::handle state);
    bool is_unchanged(const Row& row, bool with_state) const;
    std::int64_t count(const Row& row) const;
    bool set_gradient(Row& row, const py::object& gradient);
    template <class Visit>
    void for_each_active(Visit&& visit) const {
        for (const Group& group : groups_)
            for (const Row& row : group.rows)
                if (row.active) visit(row);
    }

    const DLPackExchange* exchange_;
    std::vector<Group> groups_;
    std::vector<std::ptrdiff_t> layouts_;
    Plan plan_;
    std::vector<std::pair<py::object, py::object>> state_;  // the items of `state`
    std::vector<py::object> gradients_;                     // of each row, in a step
    py::list updated_;
    bool updated_is_current_ = false;
};

}  // namespace fastopt::python
