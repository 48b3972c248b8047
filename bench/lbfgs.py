"""L-BFGS beside torch's and scipy's: the minimum found, the evaluations, the time.

``python bench/lbfgs.py`` minimises Rosenbrock's function in 2 dimensions and, extended (Moré,
Garbow and Hillstrom 1981, number 21), in 1000, and a logistic regression over scikit-learn's
breast-cancer data, in float64, with the loss and gradient in NumPy for all three. Needs
``pip install scipy scikit-learn torch``. How many evaluations a run takes depends on the last bits
where the way is long; so each round begins at another point close by, the same for all three.
Evaluations and times are medians, the former with the least and the most; minima are the worst of
all rounds. The loss and its gradient are part of the time.
"""

import statistics
import time

import numpy as np
import torch
from scipy.optimize import minimize
from sklearn.datasets import load_breast_cancer

import pyfastopt as fo

ROUNDS = 25
LIMITS = {"max_iter": 3000, "max_eval": 6000, "tolerance_grad": 1e-6, "tolerance_change": 1e-12}
HISTORY = 10


def rosenbrock(x):
    first, second = x[::2], x[1::2]
    r, s = second - first**2, 1 - first
    gradient = np.empty_like(x)
    gradient[::2] = -400 * first * r - 2 * s
    gradient[1::2] = 200 * r
    return 100 * (r @ r) + s @ s, gradient


def breast_cancer():
    x, y = load_breast_cancer(return_X_y=True)
    x = np.column_stack([(x - x.mean(0)) / x.std(0), np.ones(len(x))])
    y = 2.0 * y - 1

    def function(w):
        z = y * (x @ w)
        loss = np.logaddexp(0, -z).mean() + 0.5e-3 * (w @ w)
        return loss, x.T @ (-y / (1 + np.exp(z)) / len(y)) + 1e-3 * w

    return function, np.zeros(x.shape[1])


def hard_start(n):
    # Each pair of another difficulty, as otherwise all of them would take the same way.
    x = np.full(n, -1.2) * np.linspace(1, 1.5, n)
    x[1::2] = 1
    return x


def by_pyfastopt(function, x):
    fo.LBFGS(x, line_search_fn="strong_wolfe", history_size=HISTORY, **LIMITS).step(
        lambda: function(x)
    )
    return x


def by_torch(function, x):
    parameter = torch.from_numpy(x).requires_grad_()

    def closure():
        loss, gradient = function(x)
        parameter.grad = torch.from_numpy(gradient)
        return torch.tensor(loss)

    torch.optim.LBFGS(
        [parameter], line_search_fn="strong_wolfe", history_size=HISTORY, **LIMITS
    ).step(closure)
    return x


def by_scipy(function, x):
    options = {
        "maxcor": HISTORY,
        "maxiter": LIMITS["max_iter"],
        "maxfun": LIMITS["max_eval"],
        "gtol": LIMITS["tolerance_grad"],
        "ftol": 0,
    }
    return minimize(function, x, jac=True, method="L-BFGS-B", options=options).x


LIBRARIES = {"pyfastopt": by_pyfastopt, "torch": by_torch, "scipy": by_scipy}


def main():
    problems = {
        "Rosenbrock, 2": (rosenbrock, hard_start(2)),
        "Rosenbrock, 1000": (rosenbrock, hard_start(1000)),
        "breast cancer, 31": breast_cancer(),
    }
    print(f"{'problem':18} {'library':10} {'minimum':>23} {'evaluations':>20} {'ms':>8}")
    for problem, (function, start) in problems.items():
        rng = np.random.default_rng(0)
        seconds, evaluations, minima = ({name: [] for name in LIBRARIES} for _ in range(3))
        for _ in range(ROUNDS):
            near = start + 1e-9 * rng.standard_normal(start.shape)
            for name, solve in LIBRARIES.items():
                calls = 0

                def counted(x, function=function):
                    nonlocal calls
                    calls += 1
                    return function(x)

                begin = time.perf_counter()
                x = solve(counted, near.copy())
                seconds[name].append(time.perf_counter() - begin)
                evaluations[name].append(calls)
                minima[name].append(function(x)[0])
        for name in LIBRARIES:
            calls, ms = statistics.median(evaluations[name]), statistics.median(seconds[name]) * 1e3
            range_ = f"({min(evaluations[name])} to {max(evaluations[name])})"
            worst = max(minima[name])
            print(f"{problem:18} {name:10} {worst:23.16g} {calls:6} {range_:>13} {ms:8.2f}")
            best = min(minima["pyfastopt"])
            assert abs(worst - best) <= 1e-8 * max(1, abs(best)), (problem, name)


if __name__ == "__main__":
    main()
