"""Trains a small network, one point at a time."""

import numpy as np

import pyfastopt

HIDDEN, POINTS, EPOCHS = 16, 256, 20


def uniform():
    """Draws from [-1, 1): the same numbers in every language, exact in float32."""
    state = 20
    while True:
        state = (1664525 * state + 1013904223) % 2**32
        yield (state >> 8) / 2**23 - 1


def tree_sum(s):
    """Adds the upper half to the lower one until one is left: the order decides on the last bit."""
    while len(s) > 1:
        half = len(s) // 2
        s = s[:half] + s[half:]
    return s[0]


def forward(network, x):
    W1, b1, w2, b2 = network
    h = np.maximum((W1[0] * x[0] + W1[1] * x[1]) + b1, 0)
    return h, tree_sum(w2 * h) + b2


def backward(network, x, h, e):
    _, _, w2, _ = network
    gz = np.where(h > 0, e * w2, 0)
    return [np.outer(x, gz), gz, e * h, e]


def train(network, points, labels):
    optimizer = pyfastopt.AdamW(network, lr=0.002, weight_decay=0.01)
    for _ in range(EPOCHS):
        for x, y in zip(points, labels, strict=True):
            h, out = forward(network, x)
            optimizer.step(backward(network, x, h, out - y))


def accuracy(network, points, labels):
    out = [forward(network, x)[1] for x in points]
    return np.mean((np.array(out) > 0) == (labels > 0))


def fnv1a(data):
    code = 0xCBF29CE484222325
    for byte in data:
        code = ((code ^ byte) * 0x100000001B3) % 2**64
    return code


def main():
    numbers = uniform()
    W1 = np.fromiter(numbers, np.float32, 2 * HIDDEN).reshape(2, HIDDEN)
    b1 = np.zeros(HIDDEN, np.float32)
    w2 = np.fromiter(numbers, np.float32, HIDDEN)
    b2 = np.zeros((), np.float32)
    network = [W1, b1, w2, b2]

    points = np.fromiter(numbers, np.float32, 2 * POINTS).reshape(POINTS, 2)
    inside = points[:, 0] * points[:, 0] + points[:, 1] * points[:, 1] < 0.5
    labels = np.where(inside, 1, -1).astype(np.float32)

    train(network, points, labels)
    print(f"accuracy: {100 * accuracy(network, points, labels):.1f} %")
    print(f"parameters: {fnv1a(b''.join(p.tobytes() for p in network)):016x}")


if __name__ == "__main__":
    main()
