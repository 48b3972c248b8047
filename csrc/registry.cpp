#include "registry.h"

#include <algorithm>
#include <new>
#include <type_traits>

#include "kernels.h"
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

}  // namespace

template <class Options>
struct RuleOptions::TypeOf {
    static const Options& of(const void* options) { return *static_cast<const Options*>(options); }

    static void visit(void* options, OptionVisitor& visitor) {
        static_cast<Options*>(options)->visit(visitor);
    }
    static const char* conflict(const void* options) { return of(options).conflict(); }
    static double initial_state(const void* options, int slot) {
        return of(options).initial_state(slot);
    }

    // A rate may always change: where a slot starts with it, it is not needed any more.
    static bool starts_alike(const void* options, const void* others) {
        Options present = of(options);
        present.lr = of(others).lr;
        bool alike = true;
        for (int slot = 0; slot < FASTOPT_MAX_SLOTS; ++slot)
            alike &= present.initial_state(slot) == of(others).initial_state(slot);
        return alike;
    }

    static int kernel(const void* options) {
        int found = -1;
        for_each_kernel([&](int index, auto* k32, auto*) {
            using K = std::remove_pointer_t<decltype(k32)>;
            if constexpr (std::is_same_v<typename K::Options, Options>)
                if (K::serves(of(options))) found = index;
        });
        return found;
    }

    static void prepare(const void* options, fastopt_type type, std::int64_t t, Prepared& out) {
        for_each_kernel([&](int, auto* k32, auto* k64) {
            using K32 = std::remove_pointer_t<decltype(k32)>;
            using K64 = std::remove_pointer_t<decltype(k64)>;
            if constexpr (std::is_same_v<typename K32::Options, Options>) {
                static_assert(sizeof(K64) <= Prepared::size && alignof(K64) <= alignof(double));
                static_assert(2 + K64::slot_count <= max_operands);
                static_assert(std::is_trivially_destructible_v<K64>);
                if (!K32::serves(of(options))) return;
                if (type == FASTOPT_F32)
                    new (out.bytes) K32(of(options), t);
                else
                    new (out.bytes) K64(of(options), t);
            }
        });
    }
};

const std::vector<fastopt_kernel_info>& kernel_infos() {
    static const std::vector<fastopt_kernel_info> infos = [] {
        std::vector<fastopt_kernel_info> all;
        for_each_kernel([&](int, auto* k32, auto*) {
            using K = std::remove_pointer_t<decltype(k32)>;
            all.push_back({K::rule, std::size_t{K::slot_count}, K::slots});
        });
        return all;
    }();
    return infos;
}

const std::vector<RuleOptions>& rules() {
    static const std::vector<RuleOptions> defaults = [] {
        std::vector<RuleOptions> all;
        for_each_kernel([&](int, auto* k32, auto*) {
            using K = std::remove_pointer_t<decltype(k32)>;
            using Options = typename K::Options;
            using Of = RuleOptions::TypeOf<Options>;
            static_assert(sizeof(Options) <= RuleOptions::size);
            static_assert(std::is_trivially_copyable_v<Options>);
            static constexpr RuleOptions::Type type{
                K::rule,          Of::visit,  Of::conflict, Of::initial_state,
                Of::starts_alike, Of::kernel, Of::prepare};
            if (!all.empty() && std::string_view(all.back().rule()) == K::rule) return;
            RuleOptions& added = all.emplace_back();
            added.type_ = &type;
            new (added.bytes_) Options();
        });
        return all;
    }();
    return defaults;
}

const RuleOptions* find_rule(std::string_view name) {
    const auto found = std::find_if(rules().begin(), rules().end(),
                                    [&](const RuleOptions& rule) { return name == rule.rule(); });
    return found == rules().end() ? nullptr : &*found;
}

}  // namespace fastopt
