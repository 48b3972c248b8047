"""FTRL-proximal: follow the regularized leader."""

from __future__ import annotations

import numpy as np

from ..declaration import field
from ..formulas import Floats, Options, State, decay, gradient
from ..optimizer import Optimizer


class FTRL(Optimizer, rule="ftrl"):
    """FTRL-proximal: a linear model's optimizer, whose l1 penalty makes weights exactly zero.

    ::

        z += g + 2*l2_shrinkage*p - (sqrt(n + g**2) - sqrt(n))/lr * p
        n += g**2
        p  = (clip(z, -l1, l1) - z) / ((beta + sqrt(n))/lr + l2)

    or, with another `learning_rate_power`, that power of `n` in the place of ``1/sqrt(n)``.

    Parameters
    ----------
    lr
        Learning rate, the paper's alpha, >= 0; a step with 0, or with less than float32's smallest
        normal number, changes nothing.
    beta
        Lowers the rate of the first steps, >= 0.
    l1
        The penalty ``l1*|p|``; a weight whose `|z|` stays below it is 0. >= 0.
    l2
        The penalty ``l2/2 * p**2``, >= 0.
    l2_halved
        False: the penalty is ``l2 * p**2``, as in Keras.
    l2_shrinkage
        The penalty ``l2_shrinkage * p**2`` on the weights as they were, without part in `n`, as in
        Keras; >= 0.
    initial_accumulator_value
        What `n` begins with, >= 0. Cannot change between steps. It, `beta` or `l2` must be > 0,
        save with a fixed rate.
    learning_rate_power
        How the rate falls with `n`: -0.5 or -1, or 0 for a fixed rate, ``lr/(1 + beta)``, as in
        Keras, which takes any number <= 0; but only these have the same bits on every machine.
        Cannot change between steps.

    Notes
    -----
    State: ``sum`` (n), which begins with `initial_accumulator_value`, and ``linear`` (z). McMahan
    et al., "Ad click prediction: a view from the trenches", KDD 2013, algorithm 1. The first step
    replaces what `p` began with: begin with zeros. MXNet's ``wd`` is `l2` here.
    """

    lr: float = field(default=0.1, kw_only=False)
    beta: float = 1.0
    l1: float = 0.0
    l2: float = 0.0
    l2_halved: bool = True
    l2_shrinkage: float = 0.0
    initial_accumulator_value: float = 0.0
    learning_rate_power: float = -0.5

    conventions = {
        "keras": {
            "lr": 1e-3,
            "beta": 0.0,
            "l2_halved": False,
            "initial_accumulator_value": 0.1,
            "decoupled_weight_decay": True,
        },
        "mxnet": {"l1": 0.01},
    }

    @staticmethod
    def formula(p: Floats, g: Floats, state: State, o: Options) -> None:
        if o.lr < np.finfo(np.float32).tiny:
            return
        f = p.dtype.type
        n, z = state["sum"], state["linear"]
        inverse_lr, l1 = f(1 / o.lr), f(o.l1)
        g = gradient(p, g, o)
        decay(p, o)
        before = _slowing(n, o.learning_rate_power)
        n += g * g
        after = _slowing(n, o.learning_rate_power)
        pull = g + f(2 * o.l2_shrinkage) * p if o.l2_shrinkage != 0 else g
        z += pull - (after - before) * inverse_lr * p
        l2 = o.l2 if o.l2_halved else 2 * o.l2
        p[...] = (np.clip(z, -l1, l1) - z) / (after * inverse_lr + f(o.beta / o.lr + l2))


def _slowing(n: Floats, power: float) -> Floats:
    if power == 0:
        return np.ones_like(n)
    return np.sqrt(n) if power == -0.5 else n.copy()
