"""The frameworks' own optimizers, stepping NumPy arrays in float64.

An oracle is asked for the options of a row's variant and the parameters; it returns a function that
takes a list of gradients, makes one step, and returns the new parameters as NumPy arrays. The
frameworks are imported only when they are asked.
"""

import os
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

Oracle = Callable[
    [dict[str, Any], list[np.ndarray]], Callable[[list[np.ndarray]], list[np.ndarray]]
]


def torch(name: str) -> Oracle:
    """An optimizer of torch.optim, whose options have the names that ours have."""

    def oracle(options, params):
        torch = pytest.importorskip("torch")
        tensors = [torch.from_numpy(p.copy()).requires_grad_() for p in params]
        defaults = {"SGD": {"lr": 1e-3}, "RMSprop": {"lr": 1e-2}, "Adagrad": {"lr": 1e-2}}
        optimizer = getattr(torch.optim, name)(tensors, **{**defaults.get(name, {}), **options})

        def step(grads):
            for tensor, grad in zip(tensors, grads, strict=True):
                tensor.grad = torch.from_numpy(grad.copy())
            optimizer.step()
            return [tensor.detach().numpy() for tensor in tensors]

        return step

    return oracle


def keras(name: str, **settings: Any) -> Oracle:
    """An optimizer of Keras with the given settings, on whichever backend is there."""

    def oracle(options, params):
        if "KERAS_BACKEND" not in os.environ:
            pytest.importorskip("torch")
            os.environ["KERAS_BACKEND"] = "torch"
        keras = pytest.importorskip("keras")
        keras.backend.set_floatx("float64")
        variables = [keras.Variable(p.copy(), dtype="float64") for p in params]
        optimizer = getattr(keras.optimizers, name)(learning_rate=1e-2, **settings)

        def step(grads):
            optimizer.apply([keras.ops.convert_to_tensor(g) for g in grads], variables)
            return [keras.ops.convert_to_numpy(v.value).copy() for v in variables]

        return step

    return oracle


def optax(name: str, **settings: Any) -> Oracle:
    """An optimizer of optax with the given settings."""

    def oracle(options, params):
        optax = pytest.importorskip("optax")
        jax = pytest.importorskip("jax")
        jax.config.update("jax_enable_x64", True)
        optimizer = getattr(optax, name)(1e-2, **settings)
        values = [jax.numpy.asarray(p) for p in params]
        state = optimizer.init(values)

        def step(grads):
            nonlocal values, state
            updates, state = optimizer.update([jax.numpy.asarray(g) for g in grads], state, values)
            values = optax.apply_updates(values, updates)
            return [np.asarray(value) for value in values]

        return step

    return oracle
