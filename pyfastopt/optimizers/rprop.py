"""Rprop: resilient backpropagation."""

from __future__ import annotations

import numpy as np

from .._types import Pair
from ..declaration import field
from ..formulas import Floats, Options, State, decay, gradient
from ..optimizer import Optimizer


class Rprop(Optimizer, rule="rprop", torch="Rprop"):
    """Resilient backpropagation: steps whose size depends on the gradient's signs alone.

    ::

        size *= etas[1] if g*prev > 0 else etas[0] if g*prev < 0 else 1, within step_sizes
        prev  = 0 if g*prev < 0 else g
        p    -= sign(prev)*size

    Parameters
    ----------
    lr
        Size of the first step, >= 0; a later change acts on decoupled weight decay alone, as it
        does in torch.
    etas
        Factors by which a step shrinks, below 1, and grows, above 1.
    step_sizes
        The smallest and the largest size of a step.

    Notes
    -----
    State: ``prev``, the gradient before, and ``step_size``, which begins with `lr`. Riedmiller and
    Braun, "A direct adaptive method for faster backpropagation learning: the RPROP algorithm",
    1993, in the form of ``torch.optim.Rprop``. For full batches: it takes no account of the size of
    a gradient.
    """

    lr: float = field(default=1e-2, kw_only=False)
    etas: Pair = (0.5, 1.2)
    step_sizes: Pair = (1e-6, 50.0)

    @staticmethod
    def formula(p: Floats, g: Floats, state: State, o: Options) -> None:
        f = p.dtype.type
        prev, size = state["prev"], state["step_size"]
        (down, up), (smallest, largest) = o.etas, o.step_sizes
        g = gradient(p, g, o)
        decay(p, o)
        agreement = g * prev
        factor = np.where(agreement > 0, f(up), np.where(agreement < 0, f(down), f(1)))
        size[...] = np.clip(size * factor, f(smallest), f(largest))
        prev[...] = np.where(agreement < 0, f(0), g)
        p -= np.sign(prev) * size
