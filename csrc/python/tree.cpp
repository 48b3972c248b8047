#include "tree.h"

#include <algorithm>
#include <utility>

namespace fastopt::python {
namespace {

constexpr int max_depth = 32;

std::string index_text(std::size_t i) {
    return "[" + std::to_string(i) + "]";
}

std::string key_text(py::handle key) {
    return "[" + short_repr(key) + "]";
}

}  // namespace

Tree::Tree(py::handle tree, const char* argument) {
    build(root_, tree, argument, 0);
    list_paths();
}

void Tree::build(Node& node, py::handle tree, const char* argument, int depth) {
    if (depth > max_depth)
        value_error(argument + node.path, "nested more than " + std::to_string(max_depth) +
                                              " deep; pass a flatter structure");
    const auto add = [&](const std::string& step, py::handle child) {
        Node& added = node.children.emplace_back();
        added.path = node.path + step;
        build(added, child, argument, depth + 1);
    };
    if (py::isinstance<py::list>(tree) || py::isinstance<py::tuple>(tree)) {
        node.kind = Node::Kind::sequence;
        const py::ssize_t count = PySequence_Size(tree.ptr());
        if (count < 0) throw py::error_already_set();
        for (py::ssize_t i = 0; i < count; ++i) {
            const auto item = py::reinterpret_steal<py::object>(PySequence_GetItem(tree.ptr(), i));
            if (!item) throw py::error_already_set();
            add(index_text(static_cast<std::size_t>(i)), item);
        }
    } else if (py::isinstance<py::dict>(tree)) {
        node.kind = Node::Kind::mapping;
        // All values first, because a key's repr() may change the dictionary.
        const auto keys = py::reinterpret_steal<py::list>(PySequence_List(tree.ptr()));
        if (!keys) throw py::error_already_set();
        std::vector<py::object> values;
        for (const py::handle key : keys) {
            node.keys.push_back(py::reinterpret_borrow<py::object>(key));
            values.push_back(
                py::reinterpret_steal<py::object>(PyObject_GetItem(tree.ptr(), key.ptr())));
            if (!values.back()) throw py::error_already_set();
        }
        for (std::size_t i = 0; i < values.size(); ++i) add(key_text(node.keys[i]), values[i]);
    }
}

void Tree::wrap() {
    Node list;
    list.kind = Node::Kind::sequence;
    list.children.push_back(std::move(root_));
    root_ = std::move(list);
    rename(root_.children[0], 0, index_text(0));
    list_paths();
}

void Tree::add_entry(py::handle tree, const char* argument) {
    Node& added = root_.children.emplace_back();
    added.path = index_text(root_.children.size() - 1);
    build(added, tree, argument, 1);
    list_paths();
}

void Tree::remove_entry(std::size_t entry) {
    root_.children.erase(root_.children.begin() + static_cast<std::ptrdiff_t>(entry));
    for (std::size_t i = entry; i < root_.children.size(); ++i)
        rename(root_.children[i], index_text(i + 1).size(), index_text(i));
    list_paths();
}

// Puts another beginning in the place of a path's first characters.
void Tree::rename(Node& node, std::size_t length, const std::string& beginning) {
    node.path.replace(0, length, beginning);
    for (Node& child : node.children) rename(child, length, beginning);
}

void Tree::list_paths() {
    paths_.clear();
    append_paths(root_, paths_);
}

void Tree::append_paths(const Node& node, std::vector<std::string>& paths) {
    if (node.kind == Node::Kind::leaf) paths.push_back(node.path);
    for (const Node& child : node.children) append_paths(child, paths);
}

std::vector<std::string> Tree::names() const {
    std::vector<std::string> names;
    append_names(root_, {}, names);
    std::vector<std::string> sorted = names;
    std::sort(sorted.begin(), sorted.end());
    if (const auto twin = std::adjacent_find(sorted.begin(), sorted.end()); twin != sorted.end())
        throw py::value_error("params: two parameters are both at " + *twin +
                              ", so that a state dict could not tell them apart; use keys whose "
                              "repr() differs");
    return names;
}

void Tree::append_names(const Node& node, const std::string& path,
                        std::vector<std::string>& names) {
    if (node.kind == Node::Kind::leaf) names.push_back(path);
    for (std::size_t i = 0; i < node.children.size(); ++i)
        append_names(
            node.children[i],
            path + (node.kind == Node::Kind::sequence ? index_text(i)
                                                      : "[" + whole_repr(node.keys[i]) + "]"),
            names);
}

std::vector<std::size_t> Tree::leaves_per_entry() const {
    std::vector<std::size_t> counts;
    for (const Node& child : root_.children) counts.push_back(count_leaves(child));
    return counts;
}

std::size_t Tree::count_leaves(const Node& node) {
    if (node.kind == Node::Kind::leaf) return 1;
    std::size_t count = 0;
    for (const Node& child : node.children) count += count_leaves(child);
    return count;
}

// A subclass may give its entries in a way of its own.
py::object Tree::item_of_subclass(py::handle tree, py::ssize_t index, py::ssize_t count) {
    if (!PyList_Check(tree.ptr()) && !PyTuple_Check(tree.ptr())) return {};
    const py::ssize_t size = PySequence_Size(tree.ptr());
    if (size < 0) throw py::error_already_set();
    if (size != count) return {};
    auto item = py::reinterpret_steal<py::object>(PySequence_GetItem(tree.ptr(), index));
    if (!item) throw py::error_already_set();
    return item;
}

py::object Tree::value_of_subclass(py::handle tree, py::handle key, py::ssize_t count) {
    if (!PyDict_Check(tree.ptr())) return {};
    const py::ssize_t size = PyObject_Size(tree.ptr());
    if (size < 0) throw py::error_already_set();
    if (size != count) return {};
    // A defaultdict would make an entry.
    const int contains = PySequence_Contains(tree.ptr(), key.ptr());
    if (contains < 0) throw py::error_already_set();
    if (contains == 0) return {};
    auto value = py::reinterpret_steal<py::object>(PyObject_GetItem(tree.ptr(), key.ptr()));
    if (!value) throw py::error_already_set();
    return value;
}

void Tree::mismatch(const Node& node, py::handle tree, const char* argument) {
    const std::string place = argument + node.path;
    const std::string remedy = "; pass the nesting of the parameters, with None to skip one";
    const std::string count = std::to_string(node.children.size());
    if (node.kind == Node::Kind::sequence) {
        const std::string expected = "expected a list or tuple of " + count + " entries, got ";
        if (py::isinstance<py::list>(tree) || py::isinstance<py::tuple>(tree))
            value_error(place, expected + std::to_string(py::len(tree)) + remedy);
        type_error(place, expected + short_repr(tree) + remedy);
    }
    std::string keys;
    for (const py::object& key : node.keys) keys += (keys.empty() ? "" : ", ") + short_repr(key);
    const std::string expected = "expected a dict with the keys " + keys + ", got ";
    if (!py::isinstance<py::dict>(tree)) type_error(place, expected + short_repr(tree) + remedy);
    value_error(place,
                expected + short_repr(py::list(py::reinterpret_borrow<py::dict>(tree))) + remedy);
}

}  // namespace fastopt::python
