"""Sparse gradients, such as those of ``Embedding(sparse=True)``, and an optimizer for them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import torch

from ..optimizer import Optimizer
from ..optimizers import SGD, Adagrad, Adam
from .views import plain_gradient


class SparseAdam(Adam, rule="adam", torch="SparseAdam"):
    """Adam for sparse gradients: a step leaves what they lack, and its state, as it is.

    The formula is that of :class:`pyfastopt.Adam` with `eps_hat`, as in ``torch.optim.SparseAdam``.
    """

    eps_hat: bool = True

    conventions: ClassVar = {}


#: The classes that take sparse gradients.
TAKE_SPARSE = (SGD, Adagrad, SparseAdam)


def is_sparse(tensor: Any) -> bool:
    """Return whether it is a tensor of indices and values."""
    return isinstance(tensor, torch.Tensor) and tensor.layout == torch.sparse_coo


def sparse_view(
    gradient: torch.Tensor,
    parameter: torch.Tensor,
    optimizer: type[Optimizer],
    group: Mapping[str, Any],
) -> Any:
    """Return a sparse gradient as (indices, values), or as a dense tensor where all is to move.

    The indices number the slices through. Those that are there more than once are to be added up,
    in their order; ``coalesce()`` promises none.

    Raises
    ------
    TypeError, ValueError
        Where the optimizer, or its options, cannot leave what the gradient lacks as it is, and for
        a gradient that does not fit its parameter.
    """
    if not issubclass(optimizer, TAKE_SPARSE):
        raise TypeError(
            f"a sparse gradient is not supported by {optimizer.torch_name or optimizer.__name__}; "
            "use SparseAdam, Adagrad or SGD, or make it dense (Embedding's sparse=False)"
        )
    if group.get("weight_decay"):
        raise ValueError(
            f"a sparse gradient, and weight_decay = {group['weight_decay']}, which would move what "
            "the gradient lacks; set weight_decay=0, or make it dense (Embedding's sparse=False)"
        )
    if gradient.shape != parameter.shape:
        raise ValueError(
            f"shape {tuple(gradient.shape)} differs from its parameter's {tuple(parameter.shape)}; "
            "pass a gradient of that shape"
        )
    if gradient.is_complex() and issubclass(optimizer, Adagrad):
        raise ValueError(
            "a sparse gradient of complex numbers, which torch's Adagrad does not take for pairs "
            "of real ones; make it dense (Embedding's sparse=False)"
        )
    with torch.no_grad():
        indices, values = gradient._indices(), gradient._values()
        for part in (indices, values):
            if part.numel() and part.data_ptr() == 0:
                raise ValueError("a sparse gradient that has no memory; make it anew")
        lengths = gradient.shape[: gradient.sparse_dim()]
        flat = torch.zeros(indices.shape[1], dtype=torch.int64)
        for length, along in zip(lengths, indices, strict=True):
            if not ((along >= 0) & (along < length)).all():
                raise ValueError(
                    f"indices from {along.min()} to {along.max()} for an axis of {length}; make "
                    "them indices of its slices"
                )
            flat = flat * length + along
        if lengths and not group.get("momentum"):
            return flat.numpy(), plain_gradient(values, values)
        # Momentum moves all that ever had a gradient.
        dense = values.new_zeros(lengths.numel(), *values.shape[1:])
        dense = dense.index_add_(0, flat, values).reshape(gradient.shape)
        return plain_gradient(dense, dense)
