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

class LBFGS(optim.LBFGS):
    num_threads: int | None
    def step(self, closure: Callable[[], Any]) -> Any: ...  # type: ignore[override]

class SGD(_Fused, optim.SGD): ...

class Momentum(_Fused):
    def __init__(
        self,
        params: ParamsT,
        lr: float = ...,
        *,
        weight_decay: float = ...,
        decoupled_weight_decay: bool = ...,
        maximize: bool = ...,
        grad_scale: float = ...,
        clip_value: float = ...,
        momentum: float = ...,
        dampening: float = ...,
        nesterov: bool = ...,
        lr_inside: bool = ...,
    ) -> None: ...

class RMSprop(_Fused, optim.RMSprop): ...
class Adagrad(_Fused, optim.Adagrad): ...
class Adadelta(_Fused, optim.Adadelta): ...
class Adam(_Fused, optim.Adam): ...
class AdamW(_Fused, optim.AdamW): ...
class Adamax(_Fused, optim.Adamax): ...
class NAdam(_Fused, optim.NAdam): ...
class RAdam(_Fused, optim.RAdam): ...
class Rprop(_Fused, optim.Rprop): ...
class ASGD(_Fused, optim.ASGD): ...

class Lion(_Fused):
    def __init__(
        self,
        params: ParamsT,
        lr: float = ...,
        *,
        weight_decay: float = ...,
        decoupled_weight_decay: bool = ...,
        maximize: bool = ...,
        grad_scale: float = ...,
        clip_value: float = ...,
        betas: tuple[float, float] = ...,
    ) -> None: ...

class FTRL(_Fused):
    def __init__(
        self,
        params: ParamsT,
        lr: float = ...,
        *,
        weight_decay: float = ...,
        decoupled_weight_decay: bool = ...,
        maximize: bool = ...,
        grad_scale: float = ...,
        clip_value: float = ...,
        beta: float = ...,
        l1: float = ...,
        l2: float = ...,
        l2_halved: bool = ...,
        l2_shrinkage: float = ...,
        initial_accumulator_value: float = ...,
    ) -> None: ...

class LARS(_Fused):
    def __init__(
        self,
        params: ParamsT,
        lr: float = ...,
        *,
        weight_decay: float = ...,
        decoupled_weight_decay: bool = ...,
        maximize: bool = ...,
        grad_scale: float = ...,
        clip_value: float = ...,
        momentum: float = ...,
        nesterov: bool = ...,
        lr_inside: bool = ...,
        trust_coefficient: float = ...,
        eps: float = ...,
        decay_in_norm: bool = ...,
        layerwise: bool = ...,
    ) -> None: ...

class LAMB(_Fused):
    def __init__(
        self,
        params: ParamsT,
        lr: float = ...,
        *,
        weight_decay: float = ...,
        decoupled_weight_decay: bool = ...,
        maximize: bool = ...,
        grad_scale: float = ...,
        clip_value: float = ...,
        betas: tuple[float, float] = ...,
        eps: float = ...,
        eps_root: float = ...,
        bias_correction: bool = ...,
        norm_limits: tuple[float, float] = ...,
        layerwise: bool = ...,
    ) -> None: ...
