# Written by csrc/generate from the rules and the declared optimizers; do not edit.
from collections.abc import Callable
from typing import Any

from torch import optim
from torch.optim.optimizer import ParamsT

from .._types import Pair

__all__: list[str] = [
    "LBFGS",
    "SGD",
    "Momentum",
    "RMSprop",
    "Adagrad",
    "Adadelta",
    "Adam",
    "AdamW",
    "Adamax",
    "NAdam",
    "RAdam",
    "Rprop",
    "ASGD",
    "Lion",
    "FTRL",
    "LARS",
    "LAMB",
]

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
        lr: float = 0.01,
        *,
        weight_decay: float = 0.0,
        decoupled_weight_decay: bool = False,
        maximize: bool = False,
        grad_scale: float = 1.0,
        clip_value: float = float("inf"),
        momentum: float = 0.9,
        dampening: float = 0.0,
        nesterov: bool = False,
        lr_inside: bool = True,
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
        lr: float = 0.0001,
        *,
        weight_decay: float = 0.0,
        decoupled_weight_decay: bool = True,
        maximize: bool = False,
        grad_scale: float = 1.0,
        clip_value: float = float("inf"),
        betas: Pair = (0.9, 0.99),
    ) -> None: ...

class FTRL(_Fused):
    def __init__(
        self,
        params: ParamsT,
        lr: float = 0.1,
        *,
        weight_decay: float = 0.0,
        decoupled_weight_decay: bool = False,
        maximize: bool = False,
        grad_scale: float = 1.0,
        clip_value: float = float("inf"),
        beta: float = 1.0,
        l1: float = 0.0,
        l2: float = 0.0,
        l2_halved: bool = True,
        l2_shrinkage: float = 0.0,
        initial_accumulator_value: float = 0.0,
    ) -> None: ...

class LARS(_Fused):
    def __init__(
        self,
        params: ParamsT,
        lr: float = 0.1,
        *,
        weight_decay: float = 0.0,
        decoupled_weight_decay: bool = False,
        maximize: bool = False,
        grad_scale: float = 1.0,
        clip_value: float = float("inf"),
        momentum: float = 0.9,
        nesterov: bool = False,
        lr_inside: bool = True,
        trust_coefficient: float = 0.001,
        eps: float = 1e-08,
        decay_in_norm: bool = False,
        layerwise: bool = True,
    ) -> None: ...

class LAMB(_Fused):
    def __init__(
        self,
        params: ParamsT,
        lr: float = 0.001,
        *,
        weight_decay: float = 0.01,
        decoupled_weight_decay: bool = False,
        maximize: bool = False,
        grad_scale: float = 1.0,
        clip_value: float = float("inf"),
        betas: Pair = (0.9, 0.999),
        eps: float = 1e-06,
        eps_root: float = 0.0,
        bias_correction: bool = True,
        norm_limits: Pair = (0.0, float("inf")),
        layerwise: bool = True,
    ) -> None: ...
