// Vectors: see fastopt.h.
#include <array>
#include <functional>
#include <initializer_list>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "../base/array.h"
#include "../base/checks.h"
#include "../plan/tasks.h"
#include "../runtime/environment.h"
#include "../runtime/isa.h"
#include "../runtime/thread_choice.h"
#include "guard.h"

using namespace fastopt::core;

namespace {

// The arrays of a vector function, checked, and how their blocks are gone over.
class Vectors {
  public:
    using Named = std::initializer_list<std::pair<const void*, const char*>>;

    Vectors(fastopt_type type, std::size_t count, Named needed, Named optional, int num_threads)
        : type_(type), count_(count) {
        initialize();
        check_type(type);
        check_count(count, type);
        for (const auto& [data, name] : needed)
            if (data == nullptr && count > 0) refuse(std::string(name) + " = NULL; pass an array");
        for (const Named& arrays : {needed, optional})
            for (const auto& [data, name] : arrays) {
                check_aligned(data, size_of(type), name);
                arrays_ += data == nullptr ? 0 : 1;
            }
        num_threads_ = checked_threads(num_threads);
    }

    template <class T>
    T* at(T* data, std::size_t element) const {
        using Bytes = std::conditional_t<std::is_const_v<T>, const char*, char*>;
        return data == nullptr ? nullptr : static_cast<Bytes>(data) + element * size_of(type_);
    }

    // visit(kernels, first, count, sums) for pieces that a kernel takes; returns the two sums, the
    // first of them joined in another way if so asked.
    template <class Visit, class Join = std::plus<double>>
    std::pair<double, double> sums(const Visit& visit, const Join& join = {}) const {
        const VectorKernels& kernels = active_isa().vectors(type_);
        std::vector<std::array<double, 2>> blocks(block_count(count_));
        const std::size_t bytes = arrays_ * count_ * size_of(type_);
        run_shared(thread_limit(num_threads_, bytes), bytes, [&](int threads) {
            return for_each_block(
                count_, threads, [&](std::size_t block, std::size_t first, std::size_t count) {
                    for (std::size_t i = 0; i < count; i += measured_elements)
                        visit(kernels, first + i, std::min(measured_elements, count - i),
                              blocks[block].data());
                });
        });
        std::pair<double, double> found;
        for (const auto& block : blocks)
            found = {join(found.first, block[0]), found.second + block[1]};
        return found;
    }

  private:
    fastopt_type type_;
    std::size_t count_;
    std::size_t arrays_ = 0;
    int num_threads_ = 0;
};

}  // namespace

fastopt_status fastopt_combine(fastopt_type type, size_t count, void* out, double a, const void* x,
                               const void* y, const void* z, double* dot,
                               int num_threads) noexcept {
    return guard([&] {
        const Vectors vectors(type, count, {{out, "out"}, {x, "x"}}, {{y, "y"}, {z, "z"}},
                              num_threads);
        if (z != nullptr) given(dot, "dot");
        const auto sums = vectors.sums(
            [&](const VectorKernels& kernels, std::size_t i, std::size_t n, double* sums) {
                kernels.combine(n, vectors.at(out, i), a, vectors.at(x, i), vectors.at(y, i),
                                vectors.at(z, i), sums);
            });
        if (z != nullptr) *dot = sums.first;
    });
}

fastopt_status fastopt_secant(fastopt_type type, size_t count, const void* g, void* before,
                              double t, const void* d, void* y, void* s, double* dots,
                              int num_threads) noexcept {
    return guard([&] {
        const Vectors vectors(type, count,
                              {{g, "g"}, {before, "before"}, {d, "d"}, {y, "y"}, {s, "s"}}, {},
                              num_threads);
        given(dots, "dots");
        const auto sums = vectors.sums(
            [&](const VectorKernels& kernels, std::size_t i, std::size_t n, double* sums) {
                kernels.secant(n, vectors.at(g, i), vectors.at(before, i), t, vectors.at(d, i),
                               vectors.at(y, i), vectors.at(s, i), sums);
            });
        dots[0] = sums.first;
        dots[1] = sums.second;
    });
}

fastopt_status fastopt_magnitudes(fastopt_type type, size_t count, const void* x,
                                  double* magnitudes, int num_threads) noexcept {
    return guard([&] {
        const Vectors vectors(type, count, {{x, "x"}}, {}, num_threads);
        given(magnitudes, "magnitudes");
        const auto larger = [](double a, double b) { return a > b || a != a ? a : b; };
        const auto sums =
            vectors.sums([&](const VectorKernels& kernels, std::size_t i, std::size_t n,
                             double* sums) { kernels.magnitudes(n, vectors.at(x, i), sums); },
                         larger);
        magnitudes[0] = sums.first;
        magnitudes[1] = sums.second;
    });
}
