// Bytes become calls of the C API, right ones and wrong ones: libFuzzer finds the bytes.
//
// Arrays lie in an arena, whose every byte is there, and a sanitizer watches its ends; so whatever
// it reports is a fault of the library. Three promises are checked besides: a call that fails has
// modified nothing; no accepted arrays share an element that is written; and a step gives the bits
// that contiguous copies get by other functions, instruction sets, threads and alignments.
#include <dlfcn.h>

#include <algorithm>
#include <array>
#include <climits>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "fastopt.h"

namespace {

#define CHECK(...)                                                                            \
    if (!(__VA_ARGS__)) {                                                                     \
        std::fprintf(stderr, "%s:%d: %s\n%s\n", __FILE__, __LINE__, #__VA_ARGS__, last_call); \
        std::abort();                                                                         \
    }

const char* last_call = "";

using Bytes = std::vector<unsigned char>;
__extension__ using Wide = __int128;

// ---- what the bytes say ---------------------------------------------------------------------

class Input {
  public:
    Input(const unsigned char* at, std::size_t size) : at_(at), end_(at + size) {}

    bool empty() const { return at_ == end_; }
    unsigned byte() { return empty() ? 0 : *at_++; }
    bool seldom() { return byte() % 16 == 15; }

    std::size_t below(std::size_t count) {
        const std::size_t high = count > 256 ? byte() << 8 : 0;
        const std::size_t top = count > 65536 ? byte() << 16 : 0;
        return (top + high + byte()) % std::max<std::size_t>(count, 1);
    }

    template <class T>
    T raw() {
        T value;
        unsigned char bytes[sizeof value];
        for (unsigned char& b : bytes) b = static_cast<unsigned char>(byte());
        std::memcpy(&value, bytes, sizeof value);
        return value;
    }

    template <class T, std::size_t n>
    T one_of(const T (&values)[n]) {
        return values[below(n)];
    }

  private:
    const unsigned char *at_, *end_;
};

int draw_threads(Input& in) {
    constexpr int threads[] = {0, 1, 2, 3, 1, -2, -3, INT_MIN, 1025};
    return in.one_of(threads);
}

const char* draw_isa(Input& in) {
    std::vector<const char*> names;
    for (std::size_t i = 0; const char* name = fastopt_isa(i); ++i)
        if (fastopt_isa_available(name)) names.push_back(name);
    return names[in.below(names.size())];
}

// ---- options --------------------------------------------------------------------------------

// A struct of options in a block of just its size.
class Options {
  public:
    explicit Options(const fastopt_rule_info& rule, std::size_t size)
        : block_(std::max(size, sizeof(fastopt_options))) {
        Bytes whole(rule.options_size);
        auto* defaults = reinterpret_cast<fastopt_options*>(whole.data());
        CHECK(fastopt_options_init(rule.name, defaults, whole.size()) == FASTOPT_OK);
        std::copy_n(whole.begin(), std::min(whole.size(), block_.size()), block_.begin());
        head()->size = size;
    }

    fastopt_options* head() { return reinterpret_cast<fastopt_options*>(block_.data()); }
    const Bytes& bytes() const { return block_; }

    void set(const fastopt_option_info& option, Input& in) {
        constexpr double numbers[] = {0,   0.1,  0.5,   0.9,    1,     1e-3,    1e-8,
                                      2.5, -0.1, 1e-60, 1e-300, 1e300, INFINITY};
        const auto draw = [&] { return in.seldom() ? in.raw<double>() : in.one_of(numbers); };
        const double pair[] = {draw(), option.kind == FASTOPT_PAIR ? draw() : 0};
        const int flag = in.seldom() ? in.raw<int>() : static_cast<int>(in.below(2));
        const std::size_t size = option.kind == FASTOPT_FLAG   ? sizeof flag
                                 : option.kind == FASTOPT_PAIR ? sizeof pair
                                                               : sizeof pair[0];
        if (option.offset + size > block_.size()) return;
        const void* from = option.kind == FASTOPT_FLAG ? static_cast<const void*>(&flag)
                                                       : static_cast<const void*>(pair);
        std::memcpy(block_.data() + option.offset, from, size);
    }

  private:
    Bytes block_;
};

const fastopt_rule_info& draw_rule(Input& in) {
    std::size_t count = 0;
    while (fastopt_rule(count) != nullptr) ++count;
    return *fastopt_rule(in.below(count));
}

Options draw_options(Input& in, const fastopt_rule_info& rule) {
    std::size_t size = rule.options_size;
    if (in.seldom()) size = in.below(size + 24);
    Options options(rule, size);
    for (std::size_t changes = in.below(5); changes > 0; --changes)
        options.set(rule.options[in.below(rule.option_count)], in);
    constexpr const char* names[] = {nullptr, "", "adam", "sgd", "no such rule"};
    if (in.seldom()) {
        // Of another rule, whose struct may be longer than what is there: only with its own size.
        const char* name = in.one_of(names);
        const fastopt_rule_info* other = name == nullptr ? nullptr : fastopt_find_rule(name);
        if (other == nullptr || options.head()->size <= options.bytes().size())
            options.head()->rule = name;
    }
    return options;
}

// ---- arrays ---------------------------------------------------------------------------------

std::size_t size_of(fastopt_type type) {
    return type == FASTOPT_F32 ? 4 : 8;
}

// What is handed over. It is `real` if memory can have it; else it has to be refused.
struct Described {
    std::array<std::ptrdiff_t, FASTOPT_MAX_DIMS + 1> shape{}, strides{};
    fastopt_array array{};
    bool real = true;
    std::size_t count = 1;
    Wide low = 0, high = 0;  // the bytes that it has, from its data on

    Described() = default;
    Described(const Described&) = delete;
    Described& operator=(const Described&) = delete;

    bool is_there() const { return real && array.data != nullptr; }

    void measure() {
        constexpr Wide most = PTRDIFF_MAX;
        low = high = 0;
        real = (array.type == FASTOPT_F32 || array.type == FASTOPT_F64) && array.ndim >= 0 &&
               array.ndim <= FASTOPT_MAX_DIMS && (array.shape != nullptr || array.ndim == 0);
        if (!real) return;
        Wide elements = 1;
        bool empty = false;
        for (int i = 0; i < array.ndim; ++i) {
            real = shape[at(i)] >= 0;
            if (!real) return;
            empty |= shape[at(i)] == 0;
            if (!empty) elements = std::min(elements * shape[at(i)], most);
        }
        const auto item = static_cast<Wide>(size_of(array.type));
        real &= elements <= most / item;
        count = empty ? 0 : static_cast<std::size_t>(elements);
        if (!real || empty) return;
        high = item;
        Wide c_stride = item;
        for (int i = array.ndim; i-- > 0;) {
            const Wide stride = array.strides == nullptr ? c_stride : strides[at(i)];
            c_stride *= shape[at(i)];
            const Wide reach = stride * (shape[at(i)] - 1);
            (reach < 0 ? low : high) += reach;
            // A wider sum could not be held even by this type.
            if (high - low > most) {
                real = false;
                low = high = 0;
                return;
            }
        }
    }

    static std::size_t at(int axis) { return static_cast<std::size_t>(axis); }
};

// Calls visit(address) for each element, in C order.
template <class Visit>
void for_each_element(const fastopt_array& array, const Visit& visit) {
    const auto ndim = static_cast<std::size_t>(array.ndim);
    if (std::count(array.shape, array.shape + ndim, 0) > 0) return;
    std::vector<std::ptrdiff_t> strides(ndim), index(ndim);
    auto stride = static_cast<std::ptrdiff_t>(size_of(array.type));
    for (std::size_t i = ndim; i-- > 0;) {
        // Along an axis of one element nobody goes, however long its stride.
        if (array.shape[i] > 1) strides[i] = array.strides == nullptr ? stride : array.strides[i];
        stride *= array.shape[i];
    }
    auto* element = static_cast<unsigned char*>(array.data);
    for (;;) {
        visit(element);
        std::size_t axis = ndim;
        for (; axis-- > 0;) {
            element += strides[axis];
            if (++index[axis] < array.shape[axis]) break;
            element -= strides[axis] * array.shape[axis];
            index[axis] = 0;
        }
        if (axis == static_cast<std::size_t>(-1)) return;
    }
}

// The elements in C order.
Bytes elements(const fastopt_array& array) {
    Bytes found;
    const std::size_t item = size_of(array.type);
    for_each_element(array,
                     [&](const unsigned char* at) { found.insert(found.end(), at, at + item); });
    return found;
}

template <class F>
bool same_numbers(const Bytes& a, const Bytes& b) {
    if (a.size() != b.size()) return false;
    for (std::size_t i = 0; i < a.size(); i += sizeof(F)) {
        F x, y;
        std::memcpy(&x, &a[i], sizeof x);
        std::memcpy(&y, &b[i], sizeof y);
        if (std::memcmp(&x, &y, sizeof x) != 0 && !(std::isnan(x) && std::isnan(y))) return false;
    }
    return true;
}

// The bits are the same; any NaN is as good as another.
bool same_elements(const Bytes& a, const Bytes& b, fastopt_type type) {
    return type == FASTOPT_F32 ? same_numbers<float>(a, b) : same_numbers<double>(a, b);
}

// Elements, contiguous in a block that ends behind the last of them.
class Copy {
  public:
    Copy(const Bytes& bytes, std::size_t shift)
        : block_(static_cast<unsigned char*>(
              std::malloc(std::max<std::size_t>(shift + bytes.size(), 1)))),
          shift_(shift),
          size_(bytes.size()) {
        if (size_ > 0) std::memcpy(data(), bytes.data(), size_);
    }
    void* data() const { return block_.get() + shift_; }
    Bytes bytes() const { return {block_.get() + shift_, block_.get() + shift_ + size_}; }

  private:
    struct Free {
        void operator()(unsigned char* block) const { std::free(block); }
    };
    std::unique_ptr<unsigned char, Free> block_;
    std::size_t shift_, size_;
};

class Arena {
  public:
    explicit Arena(Input& in) {
        size_ = in.seldom() ? std::size_t{3} << 19 : 64 * (1 + in.below(64));
        block_.reset(static_cast<unsigned char*>(std::aligned_alloc(64, size_)));
        const bool any_bits = in.seldom();
        unsigned state = 1 + in.byte();
        for (std::size_t i = 0; i < size_; i += sizeof(float)) {
            state = state * 1664525u + 1013904223u;
            const float value = static_cast<float>(state >> 8) / (1 << 23) - 1;
            std::memcpy(block_.get() + i, any_bits ? static_cast<const void*>(&state) : &value,
                        sizeof value);
        }
    }

    unsigned char* data() const { return block_.get(); }
    std::size_t size() const { return size_; }
    Bytes bytes() const { return {data(), data() + size_}; }

    // Gives an array its place. One that does not fit, or goes over the same bytes for too long,
    // becomes an array of one element or none.
    void place(Described& described, Input& in) const {
        described.measure();
        fastopt_array& array = described.array;
        if (described.real && (described.high - described.low > static_cast<Wide>(size_) ||
                               described.count > size_)) {
            for (std::ptrdiff_t& length : described.shape)
                length = std::min<std::ptrdiff_t>(length, 1);
            described.measure();
        }
        const Wide span = described.real ? described.high - described.low : 0;
        const auto room = size_ - static_cast<std::size_t>(span);
        const unsigned where = in.byte() % 8;
        std::size_t begin = where == 0 ? 0 : where == 1 ? room : in.below(room + 1);
        if (where < 7) begin = begin / 8 * 8;
        if (where == 1 && described.low == 0)
            begin = room / size_of(array.type) * size_of(array.type);
        array.data = data() + begin - static_cast<std::ptrdiff_t>(described.low);
        if (in.seldom() && in.seldom()) array.data = nullptr;
    }

  private:
    struct Free {
        void operator()(unsigned char* block) const { std::free(block); }
    };
    std::unique_ptr<unsigned char, Free> block_;
    std::size_t size_;
};

// An array of any kind, or one that may belong to a parameter.
void draw_array(Input& in, const Arena& arena, const fastopt_array* parameter, Described& out) {
    constexpr std::ptrdiff_t lengths[] = {1, 2, 3, 5, 8, 17, 33, 64, 257, 0, 4, 7, 9, 16, 31, 1000};
    constexpr std::ptrdiff_t wrong_lengths[] = {-1, PTRDIFF_MIN, PTRDIFF_MAX, PTRDIFF_MAX / 8,
                                                std::ptrdiff_t{1} << 40};
    constexpr std::ptrdiff_t few_strides[] = {0, 4, 8, 12, 16, -4, -8, 64, 1, 6, 256};
    constexpr int ranks[] = {1, 1, 1, 1, 2, 2, 3, 0};
    constexpr int wrong_ranks[] = {-1, 64, 65, 7, INT32_MIN, INT32_MAX};
    fastopt_array& array = out.array;
    array.shape = out.shape.data();
    if (parameter != nullptr && !in.seldom()) {
        array.type = parameter->type;
        array.ndim = parameter->ndim;
        std::copy_n(parameter->shape, array.ndim, out.shape.begin());
    } else {
        array.type = in.seldom() ? static_cast<fastopt_type>(in.raw<int>())
                                 : static_cast<fastopt_type>(in.below(2));
        array.ndim = in.seldom() ? in.one_of(wrong_ranks) : in.one_of(ranks);
        for (int i = 0; i < std::min(array.ndim, FASTOPT_MAX_DIMS + 1); ++i)
            out.shape[Described::at(i)] = i > 4         ? 1
                                          : in.seldom() ? in.one_of(wrong_lengths)
                                          : arena.size() > 65536 && i == 0 ? 30000 + 4 * in.byte()
                                                                           : in.one_of(lengths);
        if (in.seldom() && in.seldom()) array.shape = nullptr;
    }
    const int axes = std::clamp(array.ndim, 0, FASTOPT_MAX_DIMS);
    const auto item =
        static_cast<std::ptrdiff_t>(size_of(array.type == 0 ? FASTOPT_F32 : FASTOPT_F64));
    const unsigned layout = in.byte() % 16;
    if (layout > 4) {
        // NULL: C order.
    } else if (layout == 0) {
        array.strides = out.strides.data();
        for (int i = 0; i < axes; ++i)
            out.strides[Described::at(i)] =
                in.seldom() ? in.raw<std::ptrdiff_t>() : in.one_of(few_strides);
    } else {
        array.strides = out.strides.data();
        std::ptrdiff_t stride = item * static_cast<std::ptrdiff_t>(1 + in.below(3));
        const unsigned negative = in.byte();
        for (int k = 0; k < axes; ++k) {
            const std::size_t axis = Described::at(layout % 2 == 0 ? k : axes - 1 - k);
            out.strides[axis] = (negative >> (k % 8) & 1) != 0 ? -stride : stride;
            Wide next = static_cast<Wide>(stride) * std::max<std::ptrdiff_t>(out.shape[axis], 1);
            if (layout > 2) next += item;
            stride = next > PTRDIFF_MAX / 4 ? 8 : static_cast<std::ptrdiff_t>(next);
        }
    }
    arena.place(out, in);
}

// How often each byte of the arena belongs to an element.
class Cover {
  public:
    explicit Cover(const Arena& arena) : begin_(arena.data()), counts_(arena.size()) {}

    void add(const fastopt_array& array) {
        for_each_element(array, [&](const unsigned char* at) {
            for (std::size_t i = 0; i < size_of(array.type); ++i)
                ++counts_[static_cast<std::size_t>(at - begin_) + i];
        });
    }

    bool touches(const fastopt_array& array) const {
        bool found = false;
        for_each_element(array, [&](const unsigned char* at) {
            for (std::size_t i = 0; i < size_of(array.type); ++i)
                found |= counts_[static_cast<std::size_t>(at - begin_) + i] > 0;
        });
        return found;
    }

    bool is_exact() const {
        return std::all_of(counts_.begin(), counts_.end(), [](unsigned n) { return n <= 1; });
    }

  private:
    const unsigned char* begin_;
    std::vector<unsigned> counts_;
};

bool has_own_places(const fastopt_array& array, const Arena& arena) {
    Cover cover(arena);
    cover.add(array);
    return cover.is_exact();
}

// ---- plans ----------------------------------------------------------------------------------

struct Row {
    std::size_t group;
    std::unique_ptr<Described> parameter;
    std::vector<std::unique_ptr<Described>> slots;  // those that are the caller's
    std::unique_ptr<Described> gradient;            // null: skipped
    std::size_t slot_count;
    std::vector<std::int64_t> given{};    // indices of a sparse gradient, as they were given
    std::vector<std::int64_t> indices{};  // in order, each once
    std::size_t slice_bytes = 0;          // 0: the gradient is dense
    bool vouched = false;                 // that no later array has an element of the gradient

    // Visits the bytes of an array of the row that the gradient is for.
    template <class Visit>
    void for_each_slice(const Visit& visit) const {
        for (const std::int64_t index : indices)
            visit(static_cast<std::ptrdiff_t>(static_cast<std::size_t>(index) * slice_bytes));
    }
    Bytes slices(const Bytes& array) const {
        Bytes found;
        for_each_slice([&](std::ptrdiff_t from) {
            const auto begin = array.begin() + from;
            found.insert(found.end(), begin, begin + static_cast<std::ptrdiff_t>(slice_bytes));
        });
        return found;
    }
    // What the values of each slice add up to.
    template <class F>
    Bytes sums(const Bytes& values) const {
        const std::size_t count = slice_bytes / sizeof(F);
        Bytes found;
        for (const std::int64_t index : indices) {
            std::vector<F> sum, slice(count);
            for (std::size_t i = 0; i < given.size(); ++i) {
                if (given[i] != index) continue;
                std::memcpy(slice.data(), values.data() + i * slice_bytes, slice_bytes);
                for (std::size_t k = 0; k < count && !sum.empty(); ++k) sum[k] += slice[k];
                if (sum.empty()) sum = slice;
            }
            const auto* bytes = reinterpret_cast<const unsigned char*>(sum.data());
            found.insert(found.end(), bytes, bytes + slice_bytes);
        }
        return found;
    }
    Bytes with_slices(Bytes array, const Bytes& changed) const {
        auto next = changed.begin();
        for_each_slice([&](std::ptrdiff_t from) {
            const auto end = next + static_cast<std::ptrdiff_t>(slice_bytes);
            std::copy(next, end, array.begin() + from);
            next = end;
        });
        return array;
    }
};

struct Model {
    fastopt_plan* plan = nullptr;
    std::vector<const fastopt_rule_info*> groups;
    std::vector<Row> rows;

    Model() { CHECK(fastopt_plan_create(&plan) == FASTOPT_OK); }
    ~Model() { fastopt_plan_destroy(plan); }
    Model(const Model&) = delete;
    Model& operator=(const Model&) = delete;

    Options options(std::size_t group) const {
        Options found(*groups[group], groups[group]->options_size);
        CHECK(fastopt_plan_get_options(plan, group, found.head()) == FASTOPT_OK);
        return found;
    }

    std::int64_t steps(std::size_t row) const {
        std::int64_t steps = -1;
        CHECK(fastopt_plan_get_steps(plan, row, &steps) == FASTOPT_OK);
        return steps;
    }

    // Parameter and slots, as they are.
    std::vector<Bytes> updated(std::size_t row) const {
        std::vector<Bytes> found{elements(rows[row].parameter->array)};
        for (std::size_t i = 0; i < rows[row].slot_count; ++i) {
            fastopt_array slot{};
            CHECK(fastopt_plan_get_slot(plan, row, i, &slot) == FASTOPT_OK);
            found.push_back(elements(slot));
        }
        return found;
    }

    void append_contents(Bytes& to) const {
        const auto append = [&](const void* data, std::size_t size) {
            const auto* bytes = static_cast<const unsigned char*>(data);
            to.insert(to.end(), bytes, bytes + size);
        };
        for (std::size_t i = 0; i < groups.size(); ++i) {
            const Options found = options(i);
            append(found.bytes().data(), found.bytes().size());
        }
        for (std::size_t i = 0; i < rows.size(); ++i) {
            const std::int64_t count = steps(i);
            append(&count, sizeof count);
            for (const Bytes& array : updated(i)) append(array.data(), array.size());
        }
        Options none(*fastopt_rule(0), fastopt_rule(0)->options_size);
        std::int64_t count = 0;
        CHECK(fastopt_plan_get_options(plan, groups.size(), none.head()) != FASTOPT_OK);
        CHECK(fastopt_plan_get_steps(plan, rows.size(), &count) != FASTOPT_OK);
    }
};

// ---- a step by other means -------------------------------------------------------------------

// The rule's one-shot function, whose slots are those of all its variants.
fastopt_status one_shot(const fastopt_rule_info& rule, fastopt_type type, const void* options,
                        std::int64_t step, std::size_t count, void* p, const void* g,
                        void* const* s, int threads) {
    const std::string name =
        std::string("fastopt_") + rule.name + (type == FASTOPT_F32 ? "_f32" : "_f64");
    void* function = dlsym(RTLD_DEFAULT, name.c_str());
    CHECK(function != nullptr);
    const auto call = [&](auto... slots) {
        using Function = fastopt_status (*)(const void*, std::int64_t, std::size_t, void*,
                                            const void*, decltype(slots)..., int);
        return reinterpret_cast<Function>(function)(options, step, count, p, g, slots..., threads);
    };
    switch (rule.all_slots.slot_count) {
        case 0:
            return call();
        case 1:
            return call(s[0]);
        case 2:
            return call(s[0], s[1]);
        case 3:
            return call(s[0], s[1], s[2]);
        default:
            return call(s[0], s[1], s[2], s[3]);
    }
}

// One step on contiguous copies: of a parameter, its gradient and its slots in this order. Returns
// all but the gradient.
std::vector<Bytes> step_copies(Input& in, Options& options, std::int64_t step, fastopt_type type,
                               const std::vector<Bytes>& arrays) {
    const fastopt_rule_info& rule = *fastopt_find_rule(options.head()->rule);
    const fastopt_variant_info* variant = nullptr;
    CHECK(fastopt_options_variant(options.head(), &variant, nullptr) == FASTOPT_OK);
    std::vector<Copy> copies;
    copies.reserve(arrays.size());
    for (const Bytes& array : arrays) copies.emplace_back(array, size_of(type) * in.below(9));
    const auto count = static_cast<std::ptrdiff_t>(arrays[0].size() / size_of(type));
    const int threads = static_cast<int>(in.below(4));
    const auto described = [&](std::size_t k) {
        return fastopt_array{copies[k].data(), type, 1, &count, nullptr};
    };
    const fastopt_array p = described(0), g = described(1);
    fastopt_array slots[FASTOPT_MAX_SLOTS];
    void* all_slots[FASTOPT_MAX_SLOTS] = {};
    for (std::size_t i = 0; i < variant->slot_count; ++i) {
        slots[i] = described(2 + i);
        for (std::size_t k = 0; k < rule.all_slots.slot_count; ++k)
            if (std::strcmp(rule.all_slots.slots[k], variant->slots[i]) == 0)
                all_slots[k] = slots[i].data;
    }
    fastopt_status status = FASTOPT_OK;
    switch (in.below(3)) {
        case 0:
            status = one_shot(rule, type, options.head(), step, static_cast<std::size_t>(count),
                              p.data, g.data, all_slots, threads);
            break;
        case 1:
            status = fastopt_apply(options.head(), step, &p, &g, slots, 0, threads);
            break;
        default:
            Model other;
            CHECK(fastopt_plan_add_group(other.plan, options.head(), nullptr) == FASTOPT_OK);
            CHECK(fastopt_plan_add_row(other.plan, 0, &p, slots, 0, nullptr) == FASTOPT_OK);
            CHECK(fastopt_plan_set_steps(other.plan, 0, step - 1) == FASTOPT_OK);
            CHECK(fastopt_plan_set_gradient(other.plan, 0, &g, 0) == FASTOPT_OK);
            status = fastopt_plan_step(other.plan, threads);
    }
    CHECK(status == FASTOPT_OK);
    CHECK(copies[1].bytes() == arrays[1]);
    std::vector<Bytes> found;
    for (std::size_t k = 0; k < copies.size(); ++k)
        if (k != 1) found.push_back(copies[k].bytes());
    return found;
}

// ---- the calls ------------------------------------------------------------------------------

class World {
  public:
    explicit World(Input& in) : in_(in), arena_(in) {}

    void run() {
        // So that an input of libFuzzer's length ends in time.
        for (int calls = 0; calls < 64 && !in_.empty(); ++calls) {
            switch (in_.byte() % 16) {
                case 0:
                    create();
                    break;
                case 1:
                case 2:
                    add_group();
                    break;
                case 3:
                case 4:
                    add_row();
                    break;
                case 5:
                    set_gradient();
                    break;
                case 6:
                    set_sparse_gradient();
                    break;
                case 7:
                case 8:
                    step();
                    break;
                case 9:
                    set_options();
                    break;
                case 10:
                    set_steps();
                    break;
                case 11:
                    apply();
                    break;
                case 12:
                    look_at_array();
                    break;
                case 13:
                    vectors();
                    break;
                case 14:
                    ask_options();
                    break;
                default:
                    misuse();
                    break;
            }
        }
    }

  private:
    Bytes contents() const {
        Bytes all = arena_.bytes();
        for (const auto& model : models_) model->append_contents(all);
        return all;
    }

    // Makes a call; one that fails must have modified nothing, and say why.
    template <class Call>
    bool accepted(const char* name, const Call& call) {
        last_call = name;
        const Bytes before = contents();
        const fastopt_status status = call();
        if (status == FASTOPT_OK) return true;
        CHECK(status == FASTOPT_INVALID_ARGUMENT || status == FASTOPT_INVALID_OPTION ||
              status == FASTOPT_OVERLAP);
        const std::string message = fastopt_error_message();
        CHECK(!message.empty() && message.find(fastopt_error_argument()) == 0);
        CHECK(contents() == before);
        return false;
    }

    // NULL for once, where a call takes an address.
    template <class T>
    T* seldom_null(T* address) {
        return in_.seldom() && in_.seldom() ? nullptr : address;
    }

    Model* draw_model() {
        if (models_.empty()) create();
        return models_[in_.below(models_.size())].get();
    }

    std::size_t draw_index(std::size_t count) {
        return in_.seldom() ? in_.raw<std::size_t>() : in_.below(count + (in_.seldom() ? 1 : 0));
    }

    void create() {
        if (models_.size() == 3) models_.erase(models_.begin());
        models_.push_back(std::make_unique<Model>());
    }

    void add_group() {
        Model& model = *draw_model();
        const fastopt_rule_info& rule = draw_rule(in_);
        Options options = draw_options(in_, rule);
        std::size_t group = 77;
        fastopt_plan* plan = seldom_null(model.plan);
        if (accepted("add_group",
                     [&] { return fastopt_plan_add_group(plan, options.head(), &group); })) {
            CHECK(group == model.groups.size());
            model.groups.push_back(fastopt_find_rule(options.head()->rule));
        } else {
            CHECK(group == 77);
        }
    }

    void add_row() {
        Model& model = *draw_model();
        Row row{draw_index(model.groups.size()), std::make_unique<Described>(), {}, nullptr, 0};
        draw_array(in_, arena_, nullptr, *row.parameter);
        const fastopt_variant_info* variant = nullptr;
        if (row.group < model.groups.size()) {
            Options options = model.options(row.group);
            CHECK(fastopt_options_variant(options.head(), &variant, nullptr) == FASTOPT_OK);
            row.slot_count = variant->slot_count;
        }
        const bool own_slots = in_.byte() % 2 == 0;
        fastopt_array arrays[FASTOPT_MAX_SLOTS] = {};
        for (std::size_t i = 0; own_slots && i < row.slot_count; ++i) {
            row.slots.push_back(std::make_unique<Described>());
            const bool like = row.parameter->real;
            draw_array(in_, arena_, like ? &row.parameter->array : nullptr, *row.slots.back());
            arrays[i] = row.slots.back()->array;
        }
        std::vector<const Described*> updated{row.parameter.get()};
        for (const auto& slot : row.slots) updated.push_back(slot.get());
        bool real = true, apart = row.group < model.groups.size();
        for (const Described* array : updated) {
            real &= array->real;
            apart = apart && array->is_there();
        }
        // Whether the caller may vouch that nothing overlaps.
        Cover cover = written(model);
        for (const Described* array : updated)
            if (apart) cover.add(array->array);
        apart = apart && cover.is_exact();
        for (const Row& other : model.rows) {
            if (other.gradient == nullptr || !cover.touches(other.gradient->array)) continue;
            if (other.vouched) return;
            apart = false;
        }
        const unsigned flags = in_.seldom() ? 2 : apart ? in_.byte() % 2 : 0;
        std::size_t number = 77;
        const bool taken = accepted("add_row", [&] {
            return fastopt_plan_add_row(seldom_null(model.plan), row.group,
                                        seldom_null(&row.parameter->array),
                                        own_slots ? arrays : nullptr, flags, &number);
        });
        if (!taken) {
            CHECK(number == 77);
            return;
        }
        CHECK(real && number == model.rows.size());
        CHECK(row.parameter->count == 0 || apart);
        model.rows.push_back(std::move(row));
    }

    // What the plan updates in the arena.
    Cover written(const Model& model) const {
        Cover cover(arena_);
        for (const Row& row : model.rows) {
            cover.add(row.parameter->array);
            for (const auto& slot : row.slots) cover.add(slot->array);
        }
        return cover;
    }

    void set_gradient() {
        Model& model = *draw_model();
        const std::size_t number = draw_index(model.rows.size());
        const bool exists = number < model.rows.size();
        auto gradient = std::make_unique<Described>();
        draw_array(in_, arena_, exists ? &model.rows[number].parameter->array : nullptr, *gradient);
        const bool none = in_.seldom();
        const bool apart = gradient->is_there() && !written(model).touches(gradient->array);
        const unsigned flags = in_.seldom() ? 2 : apart ? in_.byte() % 2 : 0;
        const bool taken = accepted("set_gradient", [&] {
            return fastopt_plan_set_gradient(seldom_null(model.plan), number,
                                             none ? nullptr : &gradient->array, flags);
        });
        if (!taken) return;
        CHECK(exists && (none || (gradient->real && (apart || gradient->count == 0))));
        if (none) gradient = nullptr;
        model.rows[number].gradient = std::move(gradient);
        model.rows[number].slice_bytes = 0;
        model.rows[number].vouched = flags == FASTOPT_DISJOINT;
    }

    void set_sparse_gradient() {
        Model& model = *draw_model();
        const std::size_t number = draw_index(model.rows.size());
        const bool exists = number < model.rows.size();
        std::ptrdiff_t shape[FASTOPT_MAX_DIMS] = {};
        fastopt_array values{nullptr, FASTOPT_F32, 1, shape, nullptr};
        std::vector<std::int64_t> indices;
        std::size_t total = 1;
        if (exists && model.rows[number].parameter->array.ndim > 0) {
            const fastopt_array& parameter = model.rows[number].parameter->array;
            const auto axes = static_cast<std::size_t>(parameter.ndim);
            const std::size_t before = 1 + in_.below(axes);
            for (std::size_t i = 0; i < before; ++i)
                total *= static_cast<std::size_t>(parameter.shape[i]);
            const std::size_t count = in_.below(12);
            const std::size_t among = in_.byte() % 2 == 0 ? total : std::min<std::size_t>(total, 5);
            for (std::size_t i = 0; i < count && total > 0; ++i)
                indices.push_back(in_.seldom() && in_.seldom()
                                      ? in_.raw<std::int64_t>()
                                      : static_cast<std::int64_t>(in_.below(among)));
            values = {nullptr, parameter.type, parameter.ndim - static_cast<int>(before) + 1, shape,
                      nullptr};
            shape[0] = static_cast<std::ptrdiff_t>(indices.size());
            std::copy(parameter.shape + before, parameter.shape + axes, shape + 1);
        }
        bool exist = true;
        for (const std::int64_t index : indices)
            exist &= index >= 0 && static_cast<std::size_t>(index) < total;
        auto gradient = std::make_unique<Described>();
        draw_array(in_, arena_, &values, *gradient);
        const bool apart = gradient->is_there() && !written(model).touches(gradient->array);
        const unsigned flags = in_.seldom() ? 2 : apart ? in_.byte() % 2 : 0;
        const bool taken = accepted("set_sparse_gradient", [&] {
            return fastopt_plan_set_sparse_gradient(seldom_null(model.plan), number, indices.data(),
                                                    indices.size(), seldom_null(&gradient->array),
                                                    flags);
        });
        if (!taken) return;
        CHECK(exists && exist && gradient->real && (apart || gradient->count == 0));
        Row& row = model.rows[number];
        row.slice_bytes = size_of(row.parameter->array.type);
        for (int i = 1; i < gradient->array.ndim; ++i)
            row.slice_bytes *= static_cast<std::size_t>(gradient->array.shape[i]);
        // Of slices without elements there is nothing to compare.
        row.given = row.slice_bytes > 0 ? std::move(indices) : std::vector<std::int64_t>();
        row.indices = row.given;
        std::sort(row.indices.begin(), row.indices.end());
        row.indices.erase(std::unique(row.indices.begin(), row.indices.end()), row.indices.end());
        row.slice_bytes = std::max<std::size_t>(row.slice_bytes, 1);
        row.gradient = std::move(gradient);
        row.vouched = flags == FASTOPT_DISJOINT;
    }

    void step() {
        Model& model = *draw_model();
        std::vector<std::vector<Bytes>> before;
        std::vector<std::int64_t> steps;
        for (std::size_t i = 0; i < model.rows.size(); ++i) {
            before.push_back(model.updated(i));
            steps.push_back(model.steps(i));
        }
        std::vector<Bytes> gradients;
        for (const Row& row : model.rows)
            gradients.push_back(row.gradient == nullptr ? Bytes() : elements(row.gradient->array));
        const int threads = draw_threads(in_);
        CHECK(fastopt_use_isa(draw_isa(in_)) == FASTOPT_OK);
        if (!accepted("step", [&] { return fastopt_plan_step(seldom_null(model.plan), threads); }))
            return;
        CHECK(fastopt_use_isa(draw_isa(in_)) == FASTOPT_OK);
        for (std::size_t i = 0; i < model.rows.size(); ++i) {
            const Row& row = model.rows[i];
            const std::vector<Bytes> after = model.updated(i);
            if (row.gradient == nullptr) {
                CHECK(after == before[i] && model.steps(i) == steps[i]);
                continue;
            }
            CHECK(model.steps(i) == std::min(steps[i] + 1, FASTOPT_MAX_STEPS));
            CHECK(elements(row.gradient->array) == gradients[i]);
            const bool sparse = row.slice_bytes > 0;
            std::vector<Bytes> arrays = before[i];
            if (sparse)
                for (Bytes& array : arrays) array = row.slices(array);
            const fastopt_type type = row.parameter->array.type;
            arrays.insert(arrays.begin() + 1, !sparse ? gradients[i]
                                              : type == FASTOPT_F32
                                                  ? row.sums<float>(gradients[i])
                                                  : row.sums<double>(gradients[i]));
            Options options = model.options(row.group);
            const std::vector<Bytes> expected =
                step_copies(in_, options, model.steps(i), type, arrays);
            for (std::size_t k = 0; k < after.size(); ++k) {
                const Bytes whole =
                    sparse ? row.with_slices(before[i][k], expected[k]) : expected[k];
                CHECK(same_elements(after[k], whole, type));
            }
        }
    }

    void set_options() {
        Model& model = *draw_model();
        const std::size_t group = draw_index(model.groups.size());
        const bool exists = group < model.groups.size() && !in_.seldom();
        Options options = exists ? model.options(group) : draw_options(in_, draw_rule(in_));
        const fastopt_rule_info* rule = exists ? model.groups[group] : nullptr;
        if (exists) options.set(rule->options[in_.below(rule->option_count)], in_);
        accepted("set_options", [&] {
            return fastopt_plan_set_options(seldom_null(model.plan), group,
                                            seldom_null(options.head()));
        });
    }

    void set_steps() {
        constexpr std::int64_t counts[] = {0,
                                           1,
                                           2,
                                           100,
                                           1 << 20,
                                           FASTOPT_MAX_STEPS - 1,
                                           FASTOPT_MAX_STEPS,
                                           FASTOPT_MAX_STEPS + 1,
                                           -1,
                                           INT64_MIN};
        Model& model = *draw_model();
        const std::size_t row = draw_index(model.rows.size());
        const std::int64_t count = in_.one_of(counts);
        if (accepted("set_steps", [&] { return fastopt_plan_set_steps(model.plan, row, count); }))
            CHECK(model.steps(row) == count && count >= 0 && count <= FASTOPT_MAX_STEPS);
    }

    void apply() {
        Options options = draw_options(in_, draw_rule(in_));
        const fastopt_variant_info* variant = nullptr;
        const bool known = fastopt_options_variant(options.head(), &variant, nullptr) == FASTOPT_OK;
        const std::size_t slot_count = known ? variant->slot_count : FASTOPT_MAX_SLOTS;
        Described drawn[2 + FASTOPT_MAX_SLOTS];
        fastopt_array slots[FASTOPT_MAX_SLOTS] = {};
        bool real = true, apart = true;
        Cover cover(arena_);
        for (std::size_t k = 0; k < 2 + slot_count; ++k) {
            draw_array(in_, arena_, k > 0 && drawn[0].real ? &drawn[0].array : nullptr, drawn[k]);
            real &= drawn[k].real;
            apart = apart && drawn[k].is_there() && !cover.touches(drawn[k].array);
            // Elements of a gradient may share memory with each other.
            if (apart && k != 1) cover.add(drawn[k].array);
            if (k >= 2) slots[k - 2] = drawn[k].array;
        }
        apart = apart && cover.is_exact() && !cover.touches(drawn[1].array);
        constexpr std::int64_t counts[] = {
            1, 2, 3, 1000, FASTOPT_MAX_STEPS, 0, -1, FASTOPT_MAX_STEPS + 1};
        const std::int64_t step = in_.one_of(counts);
        const int threads = draw_threads(in_);
        const unsigned flags = in_.seldom() ? 2 : apart ? in_.byte() % 2 : 0;
        std::vector<Bytes> arrays;
        if (known && apart)
            for (std::size_t k = 0; k < 2 + slot_count; ++k)
                arrays.push_back(elements(drawn[k].array));
        CHECK(fastopt_use_isa(draw_isa(in_)) == FASTOPT_OK);
        const bool taken = accepted("apply", [&] {
            return fastopt_apply(seldom_null(options.head()), step, seldom_null(&drawn[0].array),
                                 seldom_null(&drawn[1].array), slots, flags, threads);
        });
        if (!taken) return;
        CHECK(known && real && (apart || drawn[0].count == 0));
        if (!apart) return;
        CHECK(fastopt_use_isa(draw_isa(in_)) == FASTOPT_OK);
        const fastopt_type type = drawn[0].array.type;
        const std::vector<Bytes> expected = step_copies(in_, options, step, type, arrays);
        for (std::size_t k = 0; k < expected.size(); ++k)
            CHECK(same_elements(elements(drawn[k == 0 ? 0 : k + 1].array), expected[k], type));
    }

    void look_at_array() {
        Described drawn, other;
        draw_array(in_, arena_, nullptr, drawn);
        draw_array(in_, arena_, drawn.real ? &drawn.array : nullptr, other);
        const fastopt_array* array = seldom_null(&drawn.array);
        const char *begin = nullptr, *end = nullptr;
        const auto* data = static_cast<const char*>(drawn.array.data);
        if (accepted("extent", [&] { return fastopt_array_extent(array, &begin, &end); })) {
            CHECK(drawn.real && begin == data + static_cast<std::ptrdiff_t>(drawn.low) &&
                  end == data + static_cast<std::ptrdiff_t>(drawn.high));
        } else {
            CHECK(begin == nullptr && end == nullptr);
        }
        int overlaps = 77;
        if (accepted("overlaps_itself",
                     [&] { return fastopt_array_overlaps_itself(array, &overlaps); })) {
            CHECK(drawn.real && (overlaps == 0 || overlaps == 1));
            CHECK(overlaps == 1 || has_own_places(drawn.array, arena_));
        }
        if (accepted("check", [&] { return fastopt_array_check(array, &other.array); }))
            CHECK(drawn.real && drawn.array.type == other.array.type &&
                  drawn.array.ndim == other.array.ndim && drawn.count == other.count);
        if (!drawn.real || drawn.count > arena_.size()) return;
        const std::size_t bytes = drawn.count * size_of(drawn.array.type) + FASTOPT_STATE_PADDING;
        const Copy block(Bytes(bytes), 0);
        std::array<std::ptrdiff_t, FASTOPT_MAX_DIMS> strides{};
        fastopt_array state{};
        if (!accepted("place_state", [&] {
                return fastopt_array_place_state(array, block.data(), strides.data(), &state);
            }))
            return;
        if (drawn.count == 0) return;
        int shared = 77;
        CHECK(fastopt_array_overlaps_itself(&state, &shared) == FASTOPT_OK && shared == 0);
        CHECK(fastopt_array_extent(&state, &begin, &end) == FASTOPT_OK);
        CHECK(begin >= block.data() && end <= static_cast<char*>(block.data()) + bytes);
    }

    // Vector functions take what the caller says is apart; so arrays are cut from the arena in
    // turn.
    void vectors() {
        const auto type = static_cast<fastopt_type>(in_.seldom() ? 2 : in_.below(2));
        const std::size_t item = size_of(type == FASTOPT_F32 ? FASTOPT_F32 : FASTOPT_F64);
        const std::size_t room = arena_.size() / 5 / item;
        const std::size_t count = in_.seldom() ? room : in_.below(std::min<std::size_t>(room, 300));
        void* arrays[5];
        Bytes before[5];
        for (std::size_t k = 0; k < 5; ++k) {
            auto* data = arena_.data() + k * room * item + (room - count) * item;
            before[k] = {data, data + count * item};
            arrays[k] = in_.seldom() && in_.seldom() ? nullptr : data;
        }
        const double a = in_.seldom() ? in_.raw<double>() : 0.75;
        const bool has_y = in_.byte() % 2 == 0, has_z = in_.byte() % 2 == 0;
        const unsigned function = in_.byte() % 3;
        const auto call = [&](void* const* on, double* sums, int threads) {
            if (function == 0)
                return fastopt_combine(type, count, on[0], a, on[1], has_y ? on[2] : nullptr,
                                       has_z ? on[3] : nullptr, sums, threads);
            if (function == 1)
                return fastopt_secant(type, count, on[0], on[1], a, on[2], on[3], on[4], sums,
                                      threads);
            return fastopt_magnitudes(type, count, on[0], sums, threads);
        };
        double sums[2] = {77, 77}, again[2] = {77, 77};
        const int threads = draw_threads(in_);
        CHECK(fastopt_use_isa(draw_isa(in_)) == FASTOPT_OK);
        if (!accepted("vectors", [&] { return call(arrays, sums, threads); })) {
            CHECK(sums[0] == 77 && sums[1] == 77);
            return;
        }
        std::vector<Copy> copies;
        copies.reserve(5);
        void* others[5];
        for (std::size_t k = 0; k < 5; ++k) {
            copies.emplace_back(before[k], item * in_.below(9));
            others[k] = arrays[k] == nullptr ? nullptr : copies[k].data();
        }
        CHECK(fastopt_use_isa(draw_isa(in_)) == FASTOPT_OK);
        CHECK(call(others, again, static_cast<int>(in_.below(4))) == FASTOPT_OK);
        for (std::size_t k = 0; k < 5; ++k) {
            if (arrays[k] == nullptr) continue;
            const auto* data = static_cast<const unsigned char*>(arrays[k]);
            CHECK(same_elements({data, data + count * item}, copies[k].bytes(), type));
        }
        for (int i = 0; i < 2; ++i)
            CHECK(std::memcmp(&sums[i], &again[i], sizeof sums[i]) == 0 ||
                  (std::isnan(sums[i]) && std::isnan(again[i])));
    }

    void ask_options() {
        Options options = draw_options(in_, draw_rule(in_));
        Options other = draw_options(in_, draw_rule(in_));
        const Bytes before = options.bytes();
        const fastopt_variant_info* variant = nullptr;
        double initial[FASTOPT_MAX_SLOTS];
        const bool good = accepted("check", [&] { return fastopt_options_check(options.head()); });
        CHECK(good == accepted("variant",
                               [&] {
                                   return fastopt_options_variant(seldom_null(options.head()),
                                                                  &variant, initial);
                               }) ||
              variant == nullptr);
        CHECK((variant != nullptr) <= good);
        accepted("check_change",
                 [&] { return fastopt_options_check_change(options.head(), other.head()); });
        const char* slot =
            variant == nullptr || variant->slot_count == 0 ? "none" : variant->slots[0];
        accepted("check_slot", [&] {
            return fastopt_options_check_slot(options.head(), other.head(), seldom_null(slot));
        });
        CHECK(options.bytes() == before);
        Model& model = *draw_model();
        const std::size_t group = draw_index(model.groups.size());
        if (!accepted("get_options",
                      [&] { return fastopt_plan_get_options(model.plan, group, options.head()); }))
            CHECK(options.bytes() == before);
    }

    void misuse() {
        std::size_t out = 77;
        std::int64_t steps = 77;
        fastopt_array slot{};
        Model& model = *draw_model();
        const std::size_t row = draw_index(model.rows.size());
        accepted("get_slot", [&] {
            return fastopt_plan_get_slot(seldom_null(model.plan), row, draw_index(4),
                                         seldom_null(&slot));
        });
        accepted("get_steps",
                 [&] { return fastopt_plan_get_steps(model.plan, row, seldom_null(&steps)); });
        fastopt_threading threading;
        fastopt_threading* const to = seldom_null(&threading);
        if (accepted("get_threading", [&] { return fastopt_plan_get_threading(model.plan, to); })) {
            CHECK(threading.num_threads <= threading.most);
            CHECK(threading.count >= 0 && threading.count <= FASTOPT_MAX_CHOICES);
        }
        fastopt_plan* const other = seldom_null(draw_model()->plan);
        accepted("learn", [&] { return fastopt_plan_learn(model.plan, other); });
        fastopt_thread_limits limits;
        accepted("get_thread_limits",
                 [&] { return fastopt_get_thread_limits(seldom_null(&limits)); });
        CHECK(!accepted("create", [&] { return fastopt_plan_create(nullptr); }));
        CHECK(!accepted("add_group",
                        [&] { return fastopt_plan_add_group(model.plan, nullptr, &out); }));
        CHECK(!accepted("add_row", [&] {
            return fastopt_plan_add_row(model.plan, 0, nullptr, nullptr, 0, &out);
        }));
        CHECK(!accepted("use_isa", [&] {
            return fastopt_use_isa(in_.seldom() ? nullptr : "no such instruction set");
        }));
        CHECK(out == 77);
        fastopt_num_threads(in_.raw<int>());
        fastopt_rule(in_.raw<std::size_t>());
        fastopt_variant(in_.raw<std::size_t>());
        fastopt_isa(in_.raw<std::size_t>());
    }

    Input& in_;
    Arena arena_;
    std::vector<std::unique_ptr<Model>> models_;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    Input in(data, size);
    World(in).run();
    return 0;
}
