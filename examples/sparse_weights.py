"""A sparse logistic regression by FTRL: the stronger the l1 penalty, the more weights are 0.

``python examples/sparse_weights.py`` draws 20,000 clicks on 500 features, of which 25 matter,
learns from them one mini-batch after the other, and prints a line for each l1.
"""

import numpy as np

import pyfastopt as fo
from pyfastopt.reference import Reference

FEATURES, RELEVANT, ROWS, BATCH = 500, 25, 20_000, 20


def draw(seed=0):
    """Features of which each row has a few, and whether there was a click."""
    rng = np.random.default_rng(seed)
    weights = np.zeros(FEATURES, np.float32)
    weights[:RELEVANT] = 3 * rng.standard_normal(RELEVANT)
    x = (rng.random((ROWS, FEATURES)) < 0.05).astype(np.float32)
    clicks = rng.random(ROWS) < 1 / (1 + np.exp(-x @ weights))
    return x, clicks.astype(np.float32)


def train(make, l1, x, clicks):
    """One pass over the rows."""
    w = np.zeros(FEATURES, np.float32)
    optimizer = make([w], lr=0.5, l1=l1)
    for begin in range(0, len(x), BATCH):
        rows = x[begin : begin + BATCH]
        predicted = 1 / (1 + np.exp(-rows @ w))
        optimizer.step([rows.T @ (predicted - clicks[begin : begin + BATCH])])
    return w


def main():
    x, clicks = draw()
    half = ROWS // 2
    print("   l1  zeros  accuracy  same bits as NumPy")
    for l1 in (0.0, 0.3, 1.0, 3.0, 10.0, 30.0):
        w = train(fo.FTRL, l1, x[:half], clicks[:half])
        numpys = train(lambda p, **o: Reference(fo.FTRL, p, **o), l1, x[:half], clicks[:half])
        accuracy = ((x[half:] @ w > 0) == (clicks[half:] > 0)).mean()
        same = "yes" if w.tobytes() == numpys.tobytes() else "NO"
        print(f"{l1:5.1f}  {(w == 0).mean():5.1%}  {accuracy:8.1%}  {same}")


if __name__ == "__main__":
    main()
