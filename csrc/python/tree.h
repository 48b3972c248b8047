// How the parameters are nested in lists, tuples and dictionaries, and the walk over a like
// nesting.
#pragma once

#include <pybind11/pybind11.h>

#include <string>
#include <vector>

#include "numpy_arrays.h"

namespace fastopt::python {

class Tree {
  public:
    // Anything but a list, a tuple or a dict is a leaf.
    explicit Tree(py::handle tree, const char* argument);

    std::size_t leaves() const { return paths_.size(); }
    // How messages name a leaf: each key by the beginning of its repr().
    const std::string& path(std::size_t leaf) const { return paths_[leaf]; }
    // The whole path of each leaf, which tells it from all others. ValueError where none does.
    std::vector<std::string> names() const;
    // How many leaves are in each entry of the outermost list.
    std::vector<std::size_t> leaves_per_entry() const;

    // visit(index, object) for each leaf, in order. ValueError or TypeError, naming the argument,
    // where the tree is nested in another way.
    template <class Visit>
    void walk(py::handle tree, const char* argument, Visit&& visit) const {
        std::size_t leaf = 0;
        walk(root_, tree, argument, leaf, visit);
    }

    // visit(key) for each key of a dictionary that is held here.
    template <class Visit>
    void visit_objects(Visit&& visit) {
        visit_keys(root_, visit);
    }

  private:
    struct Node {
        enum class Kind { leaf, sequence, mapping } kind = Kind::leaf;
        std::string path;
        std::vector<py::object> keys;  // of a mapping
        std::vector<Node> children;
    };

    template <class Visit>
    static void visit_keys(Node& node, Visit& visit) {
        for (py::object& key : node.keys) visit(key);
        for (Node& child : node.children) visit_keys(child, visit);
    }

    void build(Node& node, py::handle tree, const char* argument, int depth);
    static void append_names(const Node& node, const std::string& path,
                             std::vector<std::string>& names);
    static std::size_t count_leaves(const Node& node);
    [[noreturn]] static void mismatch(const Node& node, py::handle tree, const char* argument);

    template <class Visit>
    static void walk(const Node& node, py::handle tree, const char* argument, std::size_t& leaf,
                     Visit& visit);

    Node root_;
    std::vector<std::string> paths_;
};

template <class Visit>
void Tree::walk(const Node& node, py::handle tree, const char* argument, std::size_t& leaf,
                Visit& visit) {
    const auto count = static_cast<py::ssize_t>(node.children.size());
    switch (node.kind) {
        case Node::Kind::leaf:
            visit(leaf++, tree);
            return;
        case Node::Kind::sequence:
            for (py::ssize_t i = 0; i < count; ++i) {
                // Asked anew for each item, because a visit may run Python code.
                py::handle item;
                if (PyList_Check(tree.ptr()) && PyList_GET_SIZE(tree.ptr()) == count)
                    item = PyList_GET_ITEM(tree.ptr(), i);
                else if (PyTuple_Check(tree.ptr()) && PyTuple_GET_SIZE(tree.ptr()) == count)
                    item = PyTuple_GET_ITEM(tree.ptr(), i);
                else
                    mismatch(node, tree, argument);
                const auto held = py::reinterpret_borrow<py::object>(item);
                walk(node.children[static_cast<std::size_t>(i)], held, argument, leaf, visit);
            }
            return;
        case Node::Kind::mapping:
            for (py::ssize_t i = 0; i < count; ++i) {
                PyObject* item = nullptr;
                if (PyDict_Check(tree.ptr()) && PyDict_GET_SIZE(tree.ptr()) == count)
                    item = PyDict_GetItemWithError(tree.ptr(),
                                                   node.keys[static_cast<std::size_t>(i)].ptr());
                if (item == nullptr) {
                    if (PyErr_Occurred()) throw py::error_already_set();
                    mismatch(node, tree, argument);
                }
                const auto held = py::reinterpret_borrow<py::object>(item);
                walk(node.children[static_cast<std::size_t>(i)], held, argument, leaf, visit);
            }
            return;
    }
}

}  // namespace fastopt::python
