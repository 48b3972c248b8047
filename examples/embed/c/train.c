/* Trains a small network, one point at a time. */
#include <fastopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

enum { HIDDEN = 16, POINTS = 256, EPOCHS = 20 };

typedef struct Network {
    float W1[2][HIDDEN], b1[HIDDEN], w2[HIDDEN], b2;
} Network;

static void check(fastopt_status status) {
    if (status == FASTOPT_OK) return;
    fprintf(stderr, "%s\n", fastopt_error_message());
    exit(EXIT_FAILURE);
}

/* Draws from [-1, 1): the same numbers in every language, exact in float32. */
static void uniform(uint32_t* state, float* values, int count) {
    for (int i = 0; i < count; i++) {
        *state = 1664525 * *state + 1013904223;
        values[i] = (float)(*state >> 8) / (1 << 23) - 1;
    }
}

/* Adds the upper half to the lower one until one is left: the order decides on the last bit. */
static float tree_sum(float s[HIDDEN]) {
    for (int half = HIDDEN / 2; half > 0; half /= 2)
        for (int j = 0; j < half; j++) s[j] += s[half + j];
    return s[0];
}

static float forward(const Network* network, const float x[2], float h[HIDDEN]) {
    float s[HIDDEN];
    for (int j = 0; j < HIDDEN; j++) {
        const float z = (network->W1[0][j] * x[0] + network->W1[1][j] * x[1]) + network->b1[j];
        h[j] = z > 0 ? z : 0;
        s[j] = network->w2[j] * h[j];
    }
    return tree_sum(s) + network->b2;
}

static void backward(const Network* network, const float x[2], const float h[HIDDEN], float e,
                     Network* gradient) {
    for (int j = 0; j < HIDDEN; j++) {
        const float gz = h[j] > 0 ? e * network->w2[j] : 0;
        gradient->W1[0][j] = gz * x[0];
        gradient->W1[1][j] = gz * x[1];
        gradient->b1[j] = gz;
        gradient->w2[j] = e * h[j];
    }
    gradient->b2 = e;
}

/* The plan reads the gradient at each step from where it is told once. */
static void add(fastopt_plan* plan, size_t group, float* parameter, float* gradient, int ndim,
                const ptrdiff_t* shape) {
    const fastopt_array p = {parameter, FASTOPT_F32, ndim, shape, NULL};
    const fastopt_array g = {gradient, FASTOPT_F32, ndim, shape, NULL};
    size_t row;
    check(fastopt_plan_add_row(plan, group, &p, NULL, 0, &row));
    check(fastopt_plan_set_gradient(plan, row, &g, 0));
}

static void train(Network* network, float points[POINTS][2], const float labels[POINTS]) {
    fastopt_adam_options options = fastopt_adam_defaults();
    options.lr = 0.002;
    options.weight_decay = 0.01;
    options.decoupled_weight_decay = 1;

    Network gradient;
    fastopt_plan* plan;
    size_t group;
    check(fastopt_plan_create(&plan));
    check(fastopt_plan_add_group(plan, &options.base, &group));
    add(plan, group, network->W1[0], gradient.W1[0], 2, (ptrdiff_t[]){2, HIDDEN});
    add(plan, group, network->b1, gradient.b1, 1, (ptrdiff_t[]){HIDDEN});
    add(plan, group, network->w2, gradient.w2, 1, (ptrdiff_t[]){HIDDEN});
    add(plan, group, &network->b2, &gradient.b2, 0, NULL);

    for (int epoch = 0; epoch < EPOCHS; epoch++) {
        for (int i = 0; i < POINTS; i++) {
            float h[HIDDEN];
            const float out = forward(network, points[i], h);
            backward(network, points[i], h, out - labels[i], &gradient);
            check(fastopt_plan_step(plan, 0));
        }
    }
    fastopt_plan_destroy(plan);
}

static double accuracy(const Network* network, float points[POINTS][2],
                       const float labels[POINTS]) {
    int right = 0;
    for (int i = 0; i < POINTS; i++) {
        float h[HIDDEN];
        right += (forward(network, points[i], h) > 0) == (labels[i] > 0);
    }
    return (double)right / POINTS;
}

static uint64_t fnv1a(const void* data, size_t size) {
    const unsigned char* bytes = data;
    uint64_t code = UINT64_C(0xcbf29ce484222325);
    for (size_t i = 0; i < size; i++) code = (code ^ bytes[i]) * UINT64_C(0x100000001b3);
    return code;
}

int main(void) {
    uint32_t state = 20;
    Network network = {0};
    uniform(&state, network.W1[0], HIDDEN);
    uniform(&state, network.W1[1], HIDDEN);
    uniform(&state, network.w2, HIDDEN);

    float points[POINTS][2], labels[POINTS];
    for (int i = 0; i < POINTS; i++) {
        float* x = points[i];
        uniform(&state, x, 2);
        labels[i] = x[0] * x[0] + x[1] * x[1] < 0.5f ? 1 : -1;
    }

    train(&network, points, labels);
    printf("accuracy: %.1f %%\n", 100 * accuracy(&network, points, labels));
    printf("parameters: %016" PRIx64 "\n", fnv1a(&network, sizeof network));
    return EXIT_SUCCESS;
}
