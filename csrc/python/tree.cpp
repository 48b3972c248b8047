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
}

void Tree::build(Node& node, py::handle tree, const char* argument, int depth) {
    const Label label{argument, node.path};
    if (depth > max_depth)
        value_error(label, "nested more than " + std::to_string(max_depth) +
                               " deep; pass a flatter structure");
    const auto add = [&](const std::string& step, py::handle child) {
        Node& added = node.children.emplace_back();
        added.path = node.path + step;
        build(added, child, argument, depth + 1);
    };
    if (py::isinstance<py::list>(tree) || py::isinstance<py::tuple>(tree)) {
        node.kind = Node::Kind::sequence;
        const auto items = py::reinterpret_steal<py::tuple>(PySequence_Tuple(tree.ptr()));
        node.children.reserve(items.size());
        for (std::size_t i = 0; i < items.size(); ++i) add(index_text(i), items[i]);
    } else if (py::isinstance<py::dict>(tree)) {
        node.kind = Node::Kind::mapping;
        // As a list, because a key's repr() may change the dictionary.
        const auto items = py::reinterpret_steal<py::list>(PyDict_Items(tree.ptr()));
        if (!items) throw py::error_already_set();
        node.children.reserve(items.size());
        for (const py::handle item : items) {
            const auto [key, value] = item.cast<std::pair<py::object, py::object>>();
            node.keys.push_back(key);
            add(key_text(key), value);
        }
    } else {
        paths_.push_back(node.path);
    }
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

void Tree::mismatch(const Node& node, py::handle tree, const char* argument) {
    const Label label{argument, node.path};
    const std::string remedy = "; pass the nesting of the parameters, with None to skip one";
    const std::string count = std::to_string(node.children.size());
    if (node.kind == Node::Kind::sequence) {
        const std::string expected = "expected a list or tuple of " + count + " entries, got ";
        if (py::isinstance<py::list>(tree) || py::isinstance<py::tuple>(tree))
            value_error(label, expected + std::to_string(py::len(tree)) + remedy);
        type_error(label, expected + short_repr(tree) + remedy);
    }
    std::string keys;
    for (const py::object& key : node.keys) keys += (keys.empty() ? "" : ", ") + short_repr(key);
    const std::string expected = "expected a dict with the keys " + keys + ", got ";
    if (!py::isinstance<py::dict>(tree)) type_error(label, expected + short_repr(tree) + remedy);
    value_error(label,
                expected + short_repr(py::list(py::reinterpret_borrow<py::dict>(tree))) + remedy);
}

}  // namespace fastopt::python
