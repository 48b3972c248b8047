"""The optimizers of ``torch.optim`` with pyfastopt's steps, for tensors on the CPU.

One import line changes::

    from torch import optim
    from pyfastopt import torch as optim

    optimizer = optim.AdamW(model.parameters(), lr=1e-3)

There is a class for each optimizer of pyfastopt, beside torch's own ``Optimizer``,
``lr_scheduler`` and ``swa_utils``. Where ``torch.optim`` has the class too, it is a subclass of
that one: the same name, arguments, defaults, parameter groups, hooks and state, so that state
dicts go from either to the other in mid-training. ``foreach`` and ``fused`` choose among torch's
own loops, and have no effect here. The others, such as ``Lion`` and ``LAMB``, take the options of
pyfastopt's class. A parameter group may have any further option of that, such as ``clip_value``.
Formulas are those of pyfastopt's classes; the bits are theirs, too, and so may differ from torch's
in the last place. A new rate acts at once in ``ASGD``, and one step later in torch's; ``NAdam``
takes its product of momenta from the present betas.

Parameters and gradients are dense float32 or float64 tensors on the CPU, of any strides, and are
used where they are; complex ones are pairs of real numbers, and of a ``DTensor``, such as
``fully_shard`` makes, each process steps its own part. ``SGD``, ``Momentum``, ``Adagrad`` and
``SparseAdam`` take sparse gradients too, such as those of ``Embedding(sparse=True)``: they touch
the rows that a gradient has, but with momentum every row, and refuse weight decay. (Torch's
``SparseAdam`` refuses dense ones, which here have all rows.) `step` raises TypeError or ValueError
for what it does not support, and nothing has been modified then.

Threads may share an optimizer: its steps are made one after the other. State dicts, copies and
pickles refer to the tensors in use, as torch's do, and so are to be made between steps.

``optimizer.num_threads`` (int or None, default None) says how many threads a step uses; with None
it chooses as the classes for arrays do, and no more than ``torch.get_num_threads()``.
``optimizer.threading`` tells what it chose, and why.

Needs a PyTorch whose tensors offer DLPack's C functions (``__dlpack_c_exchange_api__``; tested with
2.13).
"""

from typing import TYPE_CHECKING

from torch.optim import Optimizer as Optimizer
from torch.optim import lr_scheduler as lr_scheduler
from torch.optim import swa_utils as swa_utils

if TYPE_CHECKING:
    from .._stubs.torch import *
    from .._stubs.torch import __all__ as __all__
else:
    from .. import optimizers
    from .base import derive
    from .lbfgs import LBFGS
    from .sparse import SparseAdam

    _plain = [SparseAdam, *(getattr(optimizers, name) for name in optimizers.__all__)]
    _derived = {derived.__name__: derived for derived in map(derive, _plain)}
    globals().update(_derived)
    __all__ = ["LBFGS", *_derived]
