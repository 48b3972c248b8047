// What is asked of any Python object, whatever its class makes of that.
#pragma once

#include <pybind11/pybind11.h>

#include <cstdint>
#include <string>

namespace fastopt::python {

namespace py = pybind11;

// What a message is about, as in grads['W']. The text is made only where there is a message.
class Label {
  public:
    // A function without arguments that makes the text, and outlives this.
    template <class Make>
    Label(const Make& make)
        : make_(&make), call_([](const void* make) -> std::string {
              return (*static_cast<const Make*>(make))();
          }) {}

    std::string text() const { return call_(make_); }

  private:
    const void* make_;
    std::string (*call_)(const void*);
};

[[noreturn]] void refuse(PyObject* error, const std::string& message);
[[noreturn]] void type_error(const std::string& place, const std::string& message);
[[noreturn]] void value_error(const std::string& place, const std::string& message);

// A str as UTF-8; what that cannot have is escaped.
std::string utf8(py::handle text);

// repr(), and the beginning of it that a message has room for.
std::string whole_repr(py::handle object);
std::string short_repr(py::handle object);

// Null where the object lacks the attribute. Any other exception goes on.
py::object find_attribute(py::handle object, const char* name);

// An integer from lowest to highest; bool is none. TypeError or ValueError, naming it, otherwise.
std::int64_t integer(const std::string& name, py::handle value, std::int64_t lowest,
                     std::int64_t highest);

// Whether the exception that is set is a TypeError, once it is forgotten. One that says nothing of
// a value, such as KeyboardInterrupt or MemoryError, is thrown.
bool forget_refusal();

// From 1 to FASTOPT_MAX_THREADS, or 0 for None.
int thread_number(py::handle threads);

}  // namespace fastopt::python
