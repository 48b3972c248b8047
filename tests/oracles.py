"""The frameworks' own optimizers, stepping NumPy arrays in float64.

An oracle is asked for the framework's name of an optimizer, our options, the rate and the
parameters; it returns a function that takes a list of gradients, makes one step, and returns the
new parameters as NumPy arrays. What is not among the options is the framework's own default. The
frameworks are imported only when they are asked.
"""

import os
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

Arrays = list[np.ndarray]
Step = Callable[[Arrays], Arrays]

#: Options whose names are others there; a pair has two.
KERAS = {
    "lr": "learning_rate",
    "alpha": "rho",
    "eps": "epsilon",
    "betas": ("beta_1", "beta_2"),
    "l1": "l1_regularization_strength",
    "l2": "l2_regularization_strength",
    "l2_shrinkage": "l2_shrinkage_regularization_strength",
    "clip_value": "clipvalue",
}
OPTAX = {
    "alpha": "decay",
    "betas": ("b1", "b2"),
    "etas": ("eta_minus", "eta_plus"),
    "step_sizes": ("min_step_size", "max_step_size"),
}


def translated(options: dict[str, Any], names: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in options.items():
        there = names.get(name, name)
        found.update({there: value} if isinstance(there, str) else zip(there, value, strict=True))
    return found


def torch(name: str, options: dict[str, Any], lr: float, params: Arrays) -> Step:
    torch = pytest.importorskip("torch")
    # The scalars of some optimizers' state are of torch's default type.
    before = torch.get_default_dtype()
    tensors = [torch.from_numpy(p.copy()).requires_grad_() for p in params]
    optimizer = getattr(torch.optim, name)(tensors, **options)

    def step(grads):
        for tensor, grad in zip(tensors, grads, strict=True):
            tensor.grad = torch.from_numpy(grad.copy())
        torch.set_default_dtype(torch.float64)
        try:
            optimizer.step()
        finally:
            torch.set_default_dtype(before)
        return [tensor.detach().numpy() for tensor in tensors]

    return step


def keras(name: str, options: dict[str, Any], lr: float, params: Arrays) -> Step:
    """On whichever backend is there."""
    if "KERAS_BACKEND" not in os.environ:
        pytest.importorskip("torch")
        os.environ["KERAS_BACKEND"] = "torch"
    keras = pytest.importorskip("keras")
    keras.backend.set_floatx("float64")
    variables = [keras.Variable(p.copy(), dtype="float64") for p in params]
    optimizer = getattr(keras.optimizers, name)(**translated(options, KERAS))

    def step(grads):
        optimizer.apply([keras.ops.convert_to_tensor(g) for g in grads], variables)
        return [keras.ops.convert_to_numpy(v.value).copy() for v in variables]

    return step


def optax(name: str, options: dict[str, Any], lr: float, params: Arrays) -> Step:
    optax = pytest.importorskip("optax")
    jax = pytest.importorskip("jax")
    jax.config.update("jax_enable_x64", True)
    names = OPTAX | ({"initial_accumulator_value": "initial_scale"} if name == "rmsprop" else {})
    settings = translated({k: v for k, v in options.items() if k not in ("lr", "amsgrad")}, names)
    make = getattr(optax, "amsgrad" if options.get("amsgrad") else name)
    optimizer = make(lr, **settings)
    values = [jax.numpy.asarray(p) for p in params]
    state = optimizer.init(values)

    def step(grads):
        nonlocal values, state
        updates, state = optimizer.update([jax.numpy.asarray(g) for g in grads], state, values)
        values = optax.apply_updates(values, updates)
        return [np.asarray(value) for value in values]

    return step


ORACLES = {"torch": torch, "keras": keras, "optax": optax}
