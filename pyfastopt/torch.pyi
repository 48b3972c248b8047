# Written by csrc/generate_api.py from the rules in csrc/rules.h; do not edit.
from collections.abc import Callable
from typing import Any

from torch import optim
from torch.optim import Optimizer as Optimizer
from torch.optim import lr_scheduler as lr_scheduler
from torch.optim import swa_utils as swa_utils
from torch.optim.optimizer import ParamsT

class _Fused(optim.Optimizer):
    num_threads: int | None
    def step(self, closure: Callable[[], Any] | None = None) -> Any: ...

class Adam(_Fused, optim.Adam): ...
class AdamW(_Fused, optim.AdamW): ...
class Adagrad(_Fused, optim.Adagrad): ...
class RMSprop(_Fused, optim.RMSprop): ...
class SGD(_Fused, optim.SGD): ...

class Momentum(_Fused):
    def __init__(
        self,
        params: ParamsT,
        lr: float = ...,
        *,
        weight_decay: float = ...,
        maximize: bool = ...,
        grad_scale: float = ...,
        clip_value: float = ...,
        momentum: float = ...,
        nesterov: bool = ...,
    ) -> None: ...
