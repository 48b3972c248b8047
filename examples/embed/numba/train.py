"""Trains a small network, one point at a time."""

from ctypes import CFUNCTYPE, c_char_p, c_int, c_int64, c_size_t, c_void_p

import numpy as np
from numba import njit
from numba.extending import get_cython_function_address

import pyfastopt

HIDDEN, POINTS, EPOCHS = 16, 256, 20


def function(name, result, *arguments):
    return CFUNCTYPE(result, *arguments)(get_cython_function_address("pyfastopt.capi", name))


# Numba has no NULL: max_exp_avg_sq is passed as a number, 0.
adam_f32 = function(
    "adam_f32", c_int, c_void_p, c_int64, c_size_t, *[c_void_p] * 4, c_size_t, c_int
)
error_message = function("error_message", c_char_p)


def uniform():
    """Draws from [-1, 1): the same numbers in every language, exact in float32."""
    state = 20
    while True:
        state = (1664525 * state + 1013904223) % 2**32
        yield (state >> 8) / 2**23 - 1


@njit
def tree_sum(s):
    """Adds the upper half to the lower one until one is left: the order decides on the last bit."""
    half = HIDDEN // 2
    while half > 0:
        for j in range(half):
            s[j] += s[half + j]
        half //= 2
    return s[0]


@njit
def arrays(network):
    """W1, b1, w2 and b2, as views of one run of floats: so one step updates all of them."""
    W1 = network[: 2 * HIDDEN].reshape(2, HIDDEN)
    b1 = network[2 * HIDDEN : 3 * HIDDEN]
    w2 = network[3 * HIDDEN : 4 * HIDDEN]
    b2 = network[4 * HIDDEN :]
    return W1, b1, w2, b2


@njit
def forward(network, x, h):
    W1, b1, w2, b2 = arrays(network)
    s = np.empty(HIDDEN, np.float32)
    for j in range(HIDDEN):
        z = (W1[0, j] * x[0] + W1[1, j] * x[1]) + b1[j]
        h[j] = max(z, np.float32(0))
        s[j] = w2[j] * h[j]
    return tree_sum(s) + b2[0]


@njit
def backward(network, x, h, e, gradient):
    _, _, w2, _ = arrays(network)
    gW1, gb1, gw2, gb2 = arrays(gradient)
    for j in range(HIDDEN):
        gz = e * w2[j] if h[j] > 0 else np.float32(0)
        gW1[0, j] = gz * x[0]
        gW1[1, j] = gz * x[1]
        gb1[j] = gz
        gw2[j] = e * h[j]
    gb2[0] = e


@njit
def train(network, points, labels, options):
    gradient = np.empty_like(network)
    exp_avg = np.zeros_like(network)
    exp_avg_sq = np.zeros_like(network)
    h = np.empty(HIDDEN, np.float32)
    step = 0
    for _ in range(EPOCHS):
        for i in range(POINTS):
            out = forward(network, points[i], h)
            backward(network, points[i], h, out - labels[i], gradient)
            step += 1
            status = adam_f32(
                options.ctypes, step, network.size, network.ctypes, gradient.ctypes,
                exp_avg.ctypes, exp_avg_sq.ctypes, 0, 0,
            )  # fmt: skip
            if status != 0:
                return status
    return 0


@njit
def accuracy(network, points, labels):
    right = 0
    h = np.empty(HIDDEN, np.float32)
    for i in range(POINTS):
        right += (forward(network, points[i], h) > 0) == (labels[i] > 0)
    return right / POINTS


def fnv1a(data):
    code = 0xCBF29CE484222325
    for byte in data:
        code = ((code ^ byte) * 0x100000001B3) % 2**64
    return code


def main():
    numbers = uniform()
    network = np.zeros(4 * HIDDEN + 1, np.float32)
    W1, _, w2, _ = arrays(network)
    W1[0] = np.fromiter(numbers, np.float32, HIDDEN)
    W1[1] = np.fromiter(numbers, np.float32, HIDDEN)
    w2[:] = np.fromiter(numbers, np.float32, HIDDEN)

    points = np.fromiter(numbers, np.float32, 2 * POINTS).reshape(POINTS, 2)
    inside = points[:, 0] * points[:, 0] + points[:, 1] * points[:, 1] < 0.5
    labels = np.where(inside, 1, -1).astype(np.float32)

    options = pyfastopt.option_struct(
        "adam", lr=0.002, weight_decay=0.01, decoupled_weight_decay=True
    )
    if train(network, points, labels, options) != 0:
        raise RuntimeError(error_message().decode())
    print(f"accuracy: {100 * accuracy(network, points, labels):.1f} %")
    print(f"parameters: {fnv1a(network.tobytes()):016x}")


if __name__ == "__main__":
    main()
