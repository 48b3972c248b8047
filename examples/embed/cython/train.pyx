"""Trains a small network, one point at a time."""

from libc.stdint cimport int64_t, uint32_t, uint64_t
from libc.string cimport memset
from pyfastopt.capi cimport (
    FASTOPT_OK, adam_defaults, adam_f32, error_message, fastopt_adam_options, fastopt_status,
)

cdef enum:
    HIDDEN = 16
    POINTS = 256
    EPOCHS = 20

cdef struct Network:
    float W1[2][HIDDEN]
    float b1[HIDDEN]
    float w2[HIDDEN]
    float b2


cdef int check(fastopt_status status) except -1 nogil:
    if status != FASTOPT_OK:
        with gil:
            raise RuntimeError(error_message().decode())
    return 0


# Draws from [-1, 1): the same numbers in every language, exact in float32.
cdef void uniform(uint32_t* state, float* values, int count) noexcept nogil:
    cdef int i
    for i in range(count):
        state[0] = 1664525 * state[0] + 1013904223
        values[i] = <float>(state[0] >> 8) / (1 << 23) - 1


# Adds the upper half to the lower one until one is left: the order decides on the last bit.
cdef float tree_sum(float* s) noexcept nogil:
    cdef int j, half = HIDDEN // 2
    while half > 0:
        for j in range(half):
            s[j] += s[half + j]
        half //= 2
    return s[0]


cdef float forward(const Network* network, const float* x, float* h) noexcept nogil:
    cdef int j
    cdef float z
    cdef float[HIDDEN] s
    for j in range(HIDDEN):
        z = (network.W1[0][j] * x[0] + network.W1[1][j] * x[1]) + network.b1[j]
        h[j] = z if z > 0 else 0
        s[j] = network.w2[j] * h[j]
    return tree_sum(s) + network.b2


cdef void backward(
    const Network* network, const float* x, const float* h, float e, Network* gradient
) noexcept nogil:
    cdef int j
    cdef float gz
    for j in range(HIDDEN):
        gz = e * network.w2[j] if h[j] > 0 else 0
        gradient.W1[0][j] = gz * x[0]
        gradient.W1[1][j] = gz * x[1]
        gradient.b1[j] = gz
        gradient.w2[j] = e * h[j]
    gradient.b2 = e


cdef int train(Network* network, float[2]* points, const float* labels) except -1 nogil:
    cdef fastopt_adam_options options = adam_defaults()
    options.lr = 0.002
    options.weight_decay = 0.01
    options.decoupled_weight_decay = 1

    # A network is one run of floats, and so one step updates all of its arrays.
    cdef Network gradient, exp_avg, exp_avg_sq
    cdef size_t count = sizeof(Network) // sizeof(float)
    memset(&exp_avg, 0, sizeof(Network))
    memset(&exp_avg_sq, 0, sizeof(Network))

    cdef int i
    cdef int64_t step = 0
    cdef float out
    cdef float[HIDDEN] h
    for _ in range(EPOCHS):
        for i in range(POINTS):
            out = forward(network, points[i], h)
            backward(network, points[i], h, out - labels[i], &gradient)
            step += 1
            check(adam_f32(
                &options, step, count, <float*>network, <float*>&gradient,
                <float*>&exp_avg, <float*>&exp_avg_sq, NULL, 0,
            ))
    return 0


cdef double accuracy(const Network* network, float[2]* points, const float* labels) noexcept nogil:
    cdef int i, right = 0
    cdef float[HIDDEN] h
    for i in range(POINTS):
        right += (forward(network, points[i], h) > 0) == (labels[i] > 0)
    return <double>right / POINTS


cdef uint64_t fnv1a(const void* data, size_t size) noexcept nogil:
    cdef const unsigned char* bytes = <const unsigned char*>data
    cdef uint64_t code = 0xCBF29CE484222325ULL
    cdef size_t i
    for i in range(size):
        code = (code ^ bytes[i]) * 0x100000001B3ULL
    return code


def main():
    cdef uint32_t state = 20
    cdef Network network
    memset(&network, 0, sizeof(Network))
    uniform(&state, network.W1[0], HIDDEN)
    uniform(&state, network.W1[1], HIDDEN)
    uniform(&state, network.w2, HIDDEN)

    cdef float[POINTS][2] points
    cdef float[POINTS] labels
    cdef float* x
    cdef int i
    for i in range(POINTS):
        x = points[i]
        uniform(&state, x, 2)
        labels[i] = 1 if x[0] * x[0] + x[1] * x[1] < <float>0.5 else -1

    with nogil:
        train(&network, points, labels)
    print(f"accuracy: {100 * accuracy(&network, points, labels):.1f} %")
    print(f"parameters: {fnv1a(&network, sizeof(Network)):016x}")
