#include "registry.h"

#include <new>
#include <stdexcept>
#include <type_traits>

#include "rules.h"

namespace fastopt {
namespace {

// Calls visit(index, Kernel32*, Kernel64*) for every kernel of the list; the pointers carry types.
template <class Visit, class... K32, class... K64>
void for_each_kernel(Visit&& visit, List<K32...>, List<K64...>) {
    int index = 0;
    (visit(index++, static_cast<K32*>(nullptr), static_cast<K64*>(nullptr)), ...);
}

template <class Visit>
void for_each_kernel(Visit&& visit) {
    for_each_kernel(visit, Kernels<float>(), Kernels<double>());
}

template <class Options>
class TypedOptions final : public RuleOptions {
  public:
    std::unique_ptr<RuleOptions> clone() const override {
        return std::make_unique<TypedOptions>(*this);
    }
    void visit(OptionVisitor& visitor) override { options_.visit(visitor); }
    const char* conflict() const override { return options_.conflict(); }
    double initial_state() const override { return options_.initial_state(); }

    int kernel() const override {
        int found = -1;
        for_each_kernel([&](int index, auto* k32, auto*) {
            using K = std::remove_pointer_t<decltype(k32)>;
            if constexpr (std::is_same_v<typename K::Options, Options>)
                if (K::serves(options_)) found = index;
        });
        return found;
    }

    void prepare(Scalar type, std::int64_t t, Prepared& out) const override {
        for_each_kernel([&](int, auto* k32, auto* k64) {
            using K32 = std::remove_pointer_t<decltype(k32)>;
            using K64 = std::remove_pointer_t<decltype(k64)>;
            if constexpr (std::is_same_v<typename K32::Options, Options>) {
                static_assert(sizeof(K64) <= Prepared::size && alignof(K64) <= alignof(double));
                static_assert(2 + K64::slot_count <= max_operands);
                static_assert(std::is_trivially_destructible_v<K64>);
                if (!K32::serves(options_)) return;
                if (type == Scalar::f32)
                    new (out.bytes) K32(options_, t);
                else
                    new (out.bytes) K64(options_, t);
            }
        });
    }

  private:
    Options options_;
};

}  // namespace

const std::vector<KernelInfo>& kernel_infos() {
    static const std::vector<KernelInfo> infos = [] {
        std::vector<KernelInfo> all;
        for_each_kernel([&](int, auto* k32, auto*) {
            using K = std::remove_pointer_t<decltype(k32)>;
            all.push_back({K::rule, {K::slots, K::slots + K::slot_count}});
        });
        return all;
    }();
    return infos;
}

std::unique_ptr<RuleOptions> make_options(const std::string& rule) {
    std::unique_ptr<RuleOptions> made;
    for_each_kernel([&](int, auto* k32, auto*) {
        using K = std::remove_pointer_t<decltype(k32)>;
        if (!made && rule == K::rule) made = std::make_unique<TypedOptions<typename K::Options>>();
    });
    if (!made) throw std::invalid_argument("no rule is named '" + rule + "'");
    return made;
}

}  // namespace fastopt
