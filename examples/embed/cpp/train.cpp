// Trains a small network, one point at a time.
#include <array>
#include <cinttypes>
#include <cstdio>
#include <fastopt.hpp>

constexpr int HIDDEN = 16, POINTS = 256, EPOCHS = 20;

using Point = std::array<float, 2>;
using Vector = std::array<float, HIDDEN>;
using Points = std::array<Point, POINTS>;
using Labels = std::array<float, POINTS>;

struct Network {
    std::array<Vector, 2> W1;
    Vector b1, w2;
    float b2;
};

// Draws from [-1, 1): the same numbers in every language, exact in float32.
static void uniform(std::uint32_t& state, fastopt::Span<float> values) {
    for (std::size_t i = 0; i < values.size(); i++) {
        state = 1664525 * state + 1013904223;
        values.data()[i] = static_cast<float>(state >> 8) / (1 << 23) - 1;
    }
}

// Adds the upper half to the lower one until one is left: the order decides on the last bit.
static float tree_sum(Vector s) {
    for (int half = HIDDEN / 2; half > 0; half /= 2)
        for (int j = 0; j < half; j++) s[j] += s[half + j];
    return s[0];
}

static float forward(const Network& network, const Point& x, Vector& h) {
    Vector s;
    for (int j = 0; j < HIDDEN; j++) {
        const float z = (network.W1[0][j] * x[0] + network.W1[1][j] * x[1]) + network.b1[j];
        h[j] = z > 0 ? z : 0;
        s[j] = network.w2[j] * h[j];
    }
    return tree_sum(s) + network.b2;
}

static void backward(const Network& network, const Point& x, const Vector& h, float e,
                     Network& gradient) {
    for (int j = 0; j < HIDDEN; j++) {
        const float gz = h[j] > 0 ? e * network.w2[j] : 0;
        gradient.W1[0][j] = gz * x[0];
        gradient.W1[1][j] = gz * x[1];
        gradient.b1[j] = gz;
        gradient.w2[j] = e * h[j];
    }
    gradient.b2 = e;
}

static void train(Network& network, const Points& points, const Labels& labels) {
    fastopt::AdamOptions options;
    options.lr = 0.002;
    options.weight_decay = 0.01;
    options.decoupled_weight_decay = 1;

    Network gradient;
    fastopt::Plan plan;
    const std::size_t group = plan.add_group(options);
    // The plan reads the gradient at each step from where it is told once.
    const auto add = [&](fastopt::Span<float> p, fastopt::Span<float> g) {
        plan.set_gradient(plan.add(group, p), g);
    };
    add({network.W1[0].data(), 2 * HIDDEN}, {gradient.W1[0].data(), 2 * HIDDEN});
    add(network.b1, gradient.b1);
    add(network.w2, gradient.w2);
    add({&network.b2, 1}, {&gradient.b2, 1});

    for (int epoch = 0; epoch < EPOCHS; epoch++) {
        for (int i = 0; i < POINTS; i++) {
            Vector h;
            const float out = forward(network, points[i], h);
            backward(network, points[i], h, out - labels[i], gradient);
            plan.step();
        }
    }
}

static double accuracy(const Network& network, const Points& points, const Labels& labels) {
    int right = 0;
    for (int i = 0; i < POINTS; i++) {
        Vector h;
        right += (forward(network, points[i], h) > 0) == (labels[i] > 0);
    }
    return static_cast<double>(right) / POINTS;
}

static std::uint64_t fnv1a(const void* data, std::size_t size) {
    const auto* bytes = static_cast<const unsigned char*>(data);
    std::uint64_t code = 0xcbf29ce484222325;
    for (std::size_t i = 0; i < size; i++) code = (code ^ bytes[i]) * 0x100000001b3;
    return code;
}

int main() try {
    std::uint32_t state = 20;
    Network network{};
    uniform(state, network.W1[0]);
    uniform(state, network.W1[1]);
    uniform(state, network.w2);

    Points points;
    Labels labels;
    for (int i = 0; i < POINTS; i++) {
        Point& x = points[i];
        uniform(state, x);
        labels[i] = x[0] * x[0] + x[1] * x[1] < 0.5f ? 1 : -1;
    }

    train(network, points, labels);
    std::printf("accuracy: %.1f %%\n", 100 * accuracy(network, points, labels));
    std::printf("parameters: %016" PRIx64 "\n", fnv1a(&network, sizeof network));
    return 0;
} catch (const fastopt::Error& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
}
