// How the parameters are nested in lists, tuples and dictionaries, and the walk over a like
// nesting.
#pragma once

#include <pybind11/pybind11.h>

#include <string>
#include <vector>

#include "objects.h"

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

    // Makes it the only entry of a list; and changes the entries of the outermost list.
    void wrap();
    void add_entry(py::handle tree, const char* argument);
    void remove_entry(std::size_t entry);

    // visit(index, object) for each leaf, in order. ValueError or TypeError, naming the argument,
    // where the tree is nested in another way.
    template <class Visit>
    void walk(py::handle tree, const char* argument, Visit&& visit) const {
        std::size_t leaf = 0;
        walk(root_, tree, argument, leaf, visit);
    }
    // The same for the last entry of the outermost list alone.
    template <class Visit>
    void walk_last(py::handle tree, const char* argument, Visit&& visit) const {
        const Node& last = root_.children.back();
        std::size_t leaf = leaves() - count_leaves(last);
        walk(last, tree, argument, leaf, visit);
    }

    // The nesting anew, of lists and dicts, with what object_of(leaf) returns.
    template <class ObjectOf>
    py::object rebuild(ObjectOf&& object_of) const {
        std::size_t leaf = 0;
        return rebuild(root_, leaf, object_of);
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

    // An item of a list or tuple, and the value of a key of a dict; null where it is none of so
    // many entries. It is asked anew for each, because a visit may run Python code.
    static py::object item_of(py::handle tree, py::ssize_t index, py::ssize_t count) {
        if (PyList_CheckExact(tree.ptr()) && PyList_GET_SIZE(tree.ptr()) == count)
            return py::reinterpret_borrow<py::object>(PyList_GET_ITEM(tree.ptr(), index));
        if (PyTuple_CheckExact(tree.ptr()) && PyTuple_GET_SIZE(tree.ptr()) == count)
            return py::reinterpret_borrow<py::object>(PyTuple_GET_ITEM(tree.ptr(), index));
        return item_of_subclass(tree, index, count);
    }
    static py::object value_of(py::handle tree, py::handle key, py::ssize_t count) {
        if (!PyDict_CheckExact(tree.ptr())) return value_of_subclass(tree, key, count);
        if (PyDict_GET_SIZE(tree.ptr()) != count) return {};
        PyObject* value = PyDict_GetItemWithError(tree.ptr(), key.ptr());
        if (value == nullptr && PyErr_Occurred()) throw py::error_already_set();
        return py::reinterpret_borrow<py::object>(value);
    }
    static py::object item_of_subclass(py::handle tree, py::ssize_t index, py::ssize_t count);
    static py::object value_of_subclass(py::handle tree, py::handle key, py::ssize_t count);

    void build(Node& node, py::handle tree, const char* argument, int depth);
    static void append_names(const Node& node, const std::string& path,
                             std::vector<std::string>& names);
    static std::size_t count_leaves(const Node& node);
    static void rename(Node& node, std::size_t length, const std::string& beginning);
    void list_paths();
    static void append_paths(const Node& node, std::vector<std::string>& paths);
    [[noreturn]] static void mismatch(const Node& node, py::handle tree, const char* argument);

    template <class Visit>
    static void walk(const Node& node, py::handle tree, const char* argument, std::size_t& leaf,
                     Visit& visit);

    template <class ObjectOf>
    static py::object rebuild(const Node& node, std::size_t& leaf, ObjectOf& object_of) {
        if (node.kind == Node::Kind::leaf) return object_of(leaf++);
        if (node.kind == Node::Kind::sequence) {
            py::list list;
            for (const Node& child : node.children) list.append(rebuild(child, leaf, object_of));
            return list;
        }
        py::dict dict;
        for (std::size_t i = 0; i < node.children.size(); ++i)
            dict[node.keys[i]] = rebuild(node.children[i], leaf, object_of);
        return dict;
    }

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
                const py::object item = item_of(tree, i, count);
                if (!item) mismatch(node, tree, argument);
                walk(node.children[static_cast<std::size_t>(i)], item, argument, leaf, visit);
            }
            return;
        case Node::Kind::mapping:
            for (py::ssize_t i = 0; i < count; ++i) {
                const auto child = static_cast<std::size_t>(i);
                const py::object item = value_of(tree, node.keys[child], count);
                if (!item) mismatch(node, tree, argument);
                walk(node.children[child], item, argument, leaf, visit);
            }
            return;
    }
}

}  // namespace fastopt::python
