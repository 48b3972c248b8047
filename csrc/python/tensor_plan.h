// A plan over another library's tensors, which may move between steps: what pyfastopt.torch works
// with, in one thread at a time. Options and state are in that library's optimizer.
#pragma once

#include <pybind11/pybind11.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "rows.h"

namespace fastopt::python {

class TensorPlan final : Rows {
  public:
    // `defaults` are the options that hold where a group lacks them. `tensor_type` is the library's
    // class of tensors. Of a parameter that is not plain, `plain_view(tensor, parameter)` returns
    // the plain tensor in whose memory it is, or its state; and `gradient_view(gradient, parameter,
    // group)` that of its gradient, or of a sparse one (the indices of slices, their values).
    // `groups` has for each parameter group
    //   (the group's dictionary, [(parameter, whether it is plain, state, steps), ...]).
    // `state` is a dictionary from "step", where the optimizer has that, and the slots' names to
    // pairs (tensor, array): the array is the tensor's memory, which it keeps alive, or None where
    // that is the tensor's own. It is None for a parameter that has no gradient yet. `steps` is
    // how many steps the parameter has made; it is read only where no "step" tells. `learned` is of
    // the plan before this one, or null.
    TensorPlan(const std::string& rule, const py::dict& defaults, py::handle tensor_type,
               const py::function& plain_view, const py::function& gradient_view,
               const py::list& groups, const Plan* learned);

    // One step, with the gradients that the parameters have now; 0 threads: the default. False, and
    // nothing done, where parameters, options or state are no longer what the plan was made for.
    // `state` maps parameters to dictionaries of state tensors. It is None where nobody can have
    // replaced or moved those whose memory is kept alive here.
    bool step(const py::list& param_groups, py::handle state, int threads);

    // The parameters that the last step updated.
    const py::list& updated();
    py::object threading() const { return Rows::threading(); }
    // What this plan has learned of threads, for another: an empty plan that has learned it.
    Plan learned() const {
        Plan empty;
        empty.learn(plan_);
        return empty;
    }

    // TypeError, beginning with the label, for a tensor that cannot be used.
    static void check_tensor(py::handle tensor_type, py::handle tensor, const std::string& label);

    // (names of the slots, their initial value) under the options in a group's dictionary.
    static py::dict group_state(const std::string& rule, const py::dict& values);

    // All options, as a group's dictionary has them now.
    static py::dict group_options(const std::string& rule, const py::dict& values);

    // ValueError where options give another meaning to a slot that was stepped with those before.
    // As in torch.optim, other slots may come or rest meanwhile.
    static void check_slot(const std::string& rule, const std::string& slot, const py::dict& before,
                           const py::dict& values);

    template <class Visit>
    void visit_objects(Visit&& visit) {
        Rows::visit_objects(visit);
        for (Group& group : groups_) {
            for (Source& source : group.sources) {
                visit(source.key);
                visit(source.object);
            }
            for (Entry& entry : group.entries) visit(entry.parameter);
        }
        for (Tracked& row : tracked_) {
            visit(row.state);
            for (Slot& slot : row.slots) {
                visit(slot.tensor);
                visit(slot.array);
            }
        }
        for (auto& [parameter, state] : state_) {
            visit(parameter);
            visit(state);
        }
        visit(plain_view_);
        visit(gradient_view_);
        visit(updated_);
    }

  private:
    // An entry of a group's dictionary, and the object that an option was last read from: null
    // where that may change within itself.
    struct Source {
        py::object key;
        bool is_option;
        bool is_flag;
        py::object object;
        bool is_torchs;  // asks for what the class in torch.optim can do, and this cannot
    };

    // A parameter, whether it has a row or had no gradient when the plan was made.
    struct Entry {
        py::object parameter;
        bool is_plain;  // as its gradient is; else they and the state are asked for plain tensors
        std::optional<std::size_t> row;
        bool may_be_negated = false;  // the parameter or its state, as they lie
    };

    struct Group {
        Group(const std::string& rule, const py::dict& values);
        std::optional<py::dict> changes(const py::dict& values) const;
        void take_over(const py::dict& changed);

        std::vector<Source> sources;  // in the dictionary's order
        std::vector<Entry> entries;
    };

    // A tensor of a row's state, and the array that keeps its memory alive, or None.
    struct Slot {
        py::str name;
        py::object tensor;
        py::object array;
    };

    // What the library's optimizer has of a row.
    struct Tracked {
        std::size_t place;  // within its group
        std::vector<Slot> slots;
        bool has_step;  // the last of the slots counts the steps
        void* count;    // where that is
        fastopt_type count_type;
        std::int64_t began_with;  // steps, where no slot counts them
        py::object state;         // the dictionary that the slots are in
        bool is_single = false;   // one element
        bool active = false;      // has a gradient
        bool was_asked = false;   // the sign of a gradient was

        bool owns(std::size_t slot) const { return !slots[slot].array.is_none(); }
    };

    std::string name(std::size_t row, Part part, std::size_t slot) const override;
    Memory memory_of(py::handle tensor, const Entry& entry, const Label& label) const;
    void take_viewed_gradient(py::handle gradient, const Entry& entry, const py::dict& group);
    std::optional<bool> try_gradient(std::size_t row);
    void add_row(std::size_t group, const fastopt_variant_info& variant, const py::tuple& entry);
    bool read_options(std::size_t group, const py::dict& values);
    bool gather(const py::list& param_groups, py::handle state);
    bool is_where_it_was(const Entry& entry, bool with_state) const;
    bool is_known(py::handle state);
    void refuse_negated(const Entry& entry) const;
    bool set_gradients(bool with_state);
    bool is_unchanged(std::size_t row, bool with_state) const;
    std::int64_t count(std::size_t row) const;
    const py::object& parameter(std::size_t row) const {
        return groups_[rows_[row].group].entries[tracked_[row].place].parameter;
    }

    const DLPackExchange* exchange_;
    py::object plain_view_, gradient_view_;
    std::vector<Group> groups_;
    std::vector<Tracked> tracked_;                          // of each row
    bool owns_all_ = true;                                  // the memory of every row's state
    std::vector<std::pair<py::object, py::object>> state_;  // the items of `state`
    std::vector<std::size_t> suspects_;                     // rows, in a step
    py::list updated_;
    bool updated_is_current_ = false;
};

}  // namespace fastopt::python
