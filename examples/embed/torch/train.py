"""Trains a small network, one point at a time."""

import numpy as np
import torch

from pyfastopt import torch as optim

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


class Network(torch.nn.Module):
    """Sums in a fixed order, which torch.nn.Linear leaves to the BLAS library."""

    def __init__(self, numbers):
        super().__init__()
        W1 = np.fromiter(numbers, np.float32, 2 * HIDDEN).reshape(2, HIDDEN)
        w2 = np.fromiter(numbers, np.float32, HIDDEN)
        self.W1 = torch.nn.Parameter(torch.from_numpy(W1))
        self.b1 = torch.nn.Parameter(torch.zeros(HIDDEN))
        self.w2 = torch.nn.Parameter(torch.from_numpy(w2))
        self.b2 = torch.nn.Parameter(torch.zeros(()))

    def forward(self, x):
        h = torch.relu((self.W1[0] * x[0] + self.W1[1] * x[1]) + self.b1)
        return tree_sum(self.w2 * h) + self.b2


def train(network, points, labels):
    optimizer = optim.AdamW(network.parameters(), lr=0.002, weight_decay=0.01)
    for _ in range(EPOCHS):
        for x, y in zip(points, labels, strict=True):
            optimizer.zero_grad()
            loss = 0.5 * (network(x) - y) ** 2
            loss.backward()
            optimizer.step()


@torch.no_grad()
def accuracy(network, points, labels):
    out = torch.stack([network(x) for x in points])
    return ((out > 0) == (labels > 0)).double().mean().item()


def fnv1a(data):
    code = 0xCBF29CE484222325
    for byte in data:
        code = ((code ^ byte) * 0x100000001B3) % 2**64
    return code


def main():
    numbers = uniform()
    network = Network(numbers)

    points = torch.from_numpy(np.fromiter(numbers, np.float32, 2 * POINTS).reshape(POINTS, 2))
    inside = points[:, 0] * points[:, 0] + points[:, 1] * points[:, 1] < 0.5
    labels = torch.where(inside, 1.0, -1.0)

    train(network, points, labels)
    print(f"accuracy: {100 * accuracy(network, points, labels):.1f} %")
    data = b"".join(p.detach().numpy().tobytes() for p in network.parameters())
    print(f"parameters: {fnv1a(data):016x}")


if __name__ == "__main__":
    main()
