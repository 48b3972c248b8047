# Written by csrc/generate from the rules and the declared optimizers; do not edit.
from .._types import Array, Pair

__all__: list[str] = [
    "sgd_",
    "momentum_",
    "rmsprop_",
    "adagrad_",
    "adadelta_",
    "adam_",
    "adamw_",
    "adamax_",
    "nadam_",
    "radam_",
    "rprop_",
    "asgd_",
    "lion_",
    "ftrl_",
    "lars_",
    "lamb_",
]

def sgd_(
    p: Array,
    g: Array,
    momentum_buffer: Array | None = None,
    *,
    step: int,
    num_threads: int | None = None,
    lr: float = 0.001,
    weight_decay: float = 0.0,
    decoupled_weight_decay: bool = False,
    maximize: bool = False,
    grad_scale: float = 1.0,
    clip_value: float = float("inf"),
    momentum: float = 0.0,
    dampening: float = 0.0,
    nesterov: bool = False,
    lr_inside: bool = False,
) -> None:
    """Take one step of SGD on the caller's own arrays.

    Stochastic gradient descent, with momentum as in ``torch.optim.SGD``.
    """

def momentum_(
    p: Array,
    g: Array,
    momentum_buffer: Array | None = None,
    *,
    step: int,
    num_threads: int | None = None,
    lr: float = 0.01,
    weight_decay: float = 0.0,
    decoupled_weight_decay: bool = False,
    maximize: bool = False,
    grad_scale: float = 1.0,
    clip_value: float = float("inf"),
    momentum: float = 0.9,
    dampening: float = 0.0,
    nesterov: bool = False,
    lr_inside: bool = True,
) -> None:
    """Take one step of Momentum on the caller's own arrays.

    Polyak's momentum in the velocity form of Keras, MXNet and the textbooks.
    """

def rmsprop_(
    p: Array,
    g: Array,
    square_avg: Array,
    grad_avg: Array | None = None,
    momentum_buffer: Array | None = None,
    *,
    step: int,
    num_threads: int | None = None,
    lr: float = 0.01,
    weight_decay: float = 0.0,
    decoupled_weight_decay: bool = False,
    maximize: bool = False,
    grad_scale: float = 1.0,
    clip_value: float = float("inf"),
    alpha: float = 0.99,
    eps: float = 1e-08,
    momentum: float = 0.0,
    nesterov: bool = False,
    centered: bool = False,
    eps_inside: bool = False,
    lr_inside: bool = False,
    bias_correction: bool = False,
    initial_accumulator_value: float = 0.0,
) -> None:
    """Take one step of RMSProp on the caller's own arrays.

    RMSProp: the gradient divided by a running root mean square of itself.
    """

def adagrad_(
    p: Array,
    g: Array,
    sum: Array,
    *,
    step: int,
    num_threads: int | None = None,
    lr: float = 0.01,
    weight_decay: float = 0.0,
    decoupled_weight_decay: bool = False,
    maximize: bool = False,
    grad_scale: float = 1.0,
    clip_value: float = float("inf"),
    lr_decay: float = 0.0,
    initial_accumulator_value: float = 0.0,
    eps: float = 1e-10,
    eps_inside: bool = False,
) -> None:
    """Take one step of Adagrad on the caller's own arrays.

    Adagrad: the gradient divided by the root of the sum of all its squares.
    """

def adadelta_(
    p: Array,
    g: Array,
    square_avg: Array,
    acc_delta: Array,
    *,
    step: int,
    num_threads: int | None = None,
    lr: float = 1.0,
    weight_decay: float = 0.0,
    decoupled_weight_decay: bool = False,
    maximize: bool = False,
    grad_scale: float = 1.0,
    clip_value: float = float("inf"),
    rho: float = 0.9,
    eps: float = 1e-06,
) -> None:
    """Take one step of Adadelta on the caller's own arrays.

    Adadelta: steps of the size of the steps before, without a rate to choose.
    """

def adam_(
    p: Array,
    g: Array,
    exp_avg: Array,
    exp_avg_sq: Array,
    max_exp_avg_sq: Array | None = None,
    *,
    step: int,
    num_threads: int | None = None,
    lr: float = 0.001,
    weight_decay: float = 0.0,
    decoupled_weight_decay: bool = False,
    maximize: bool = False,
    grad_scale: float = 1.0,
    clip_value: float = float("inf"),
    betas: Pair = (0.9, 0.999),
    eps: float = 1e-08,
    eps_root: float = 0.0,
    eps_hat: bool = False,
    amsgrad: bool = False,
    amsgrad_corrected: bool = False,
    decay_corrected: bool = False,
) -> None:
    """Take one step of Adam on the caller's own arrays.

    Adam, with bias correction as in ``torch.optim.Adam``.
    """

def adamw_(
    p: Array,
    g: Array,
    exp_avg: Array,
    exp_avg_sq: Array,
    max_exp_avg_sq: Array | None = None,
    *,
    step: int,
    num_threads: int | None = None,
    lr: float = 0.001,
    weight_decay: float = 0.01,
    decoupled_weight_decay: bool = True,
    maximize: bool = False,
    grad_scale: float = 1.0,
    clip_value: float = float("inf"),
    betas: Pair = (0.9, 0.999),
    eps: float = 1e-08,
    eps_root: float = 0.0,
    eps_hat: bool = False,
    amsgrad: bool = False,
    amsgrad_corrected: bool = False,
    decay_corrected: bool = False,
) -> None:
    """Take one step of AdamW on the caller's own arrays.

    Adam with decoupled weight decay: :class:`Adam` with other defaults.
    """

def adamax_(
    p: Array,
    g: Array,
    exp_avg: Array,
    exp_inf: Array,
    *,
    step: int,
    num_threads: int | None = None,
    lr: float = 0.002,
    weight_decay: float = 0.0,
    decoupled_weight_decay: bool = False,
    maximize: bool = False,
    grad_scale: float = 1.0,
    clip_value: float = float("inf"),
    betas: Pair = (0.9, 0.999),
    eps: float = 1e-08,
    eps_inside: bool = True,
) -> None:
    """Take one step of Adamax on the caller's own arrays.

    Adam with the largest gradient in the place of the root mean square.
    """

def nadam_(
    p: Array,
    g: Array,
    exp_avg: Array,
    exp_avg_sq: Array,
    *,
    step: int,
    num_threads: int | None = None,
    lr: float = 0.002,
    weight_decay: float = 0.0,
    decoupled_weight_decay: bool = False,
    maximize: bool = False,
    grad_scale: float = 1.0,
    clip_value: float = float("inf"),
    betas: Pair = (0.9, 0.999),
    eps: float = 1e-08,
    eps_root: float = 0.0,
    momentum_decay: float = 0.004,
) -> None:
    """Take one step of NAdam on the caller's own arrays.

    Adam with Nesterov's momentum, and a schedule for it.
    """

def radam_(
    p: Array,
    g: Array,
    exp_avg: Array,
    exp_avg_sq: Array,
    *,
    step: int,
    num_threads: int | None = None,
    lr: float = 0.001,
    weight_decay: float = 0.0,
    decoupled_weight_decay: bool = False,
    maximize: bool = False,
    grad_scale: float = 1.0,
    clip_value: float = float("inf"),
    betas: Pair = (0.9, 0.999),
    eps: float = 1e-08,
    eps_root: float = 0.0,
    eps_hat: bool = True,
    threshold: float = 5.0,
) -> None:
    """Take one step of RAdam on the caller's own arrays.

    Adam that waits with its adaptive rate until that is reliable.
    """

def rprop_(
    p: Array,
    g: Array,
    prev: Array,
    step_size: Array,
    *,
    step: int,
    num_threads: int | None = None,
    lr: float = 0.01,
    weight_decay: float = 0.0,
    decoupled_weight_decay: bool = False,
    maximize: bool = False,
    grad_scale: float = 1.0,
    clip_value: float = float("inf"),
    etas: Pair = (0.5, 1.2),
    step_sizes: Pair = (1e-06, 50.0),
) -> None:
    """Take one step of Rprop on the caller's own arrays.

    Resilient backpropagation: steps whose size depends on the gradient's signs alone.
    """

def asgd_(
    p: Array,
    g: Array,
    ax: Array,
    *,
    step: int,
    num_threads: int | None = None,
    lr: float = 0.01,
    weight_decay: float = 0.0,
    decoupled_weight_decay: bool = False,
    maximize: bool = False,
    grad_scale: float = 1.0,
    clip_value: float = float("inf"),
    lambd: float = 0.0001,
    alpha: float = 0.75,
    t0: float = 1000000.0,
) -> None:
    """Take one step of ASGD on the caller's own arrays.

    Averaged stochastic gradient descent, as in ``torch.optim.ASGD``.
    """

def lion_(
    p: Array,
    g: Array,
    exp_avg: Array,
    *,
    step: int,
    num_threads: int | None = None,
    lr: float = 0.0001,
    weight_decay: float = 0.0,
    decoupled_weight_decay: bool = True,
    maximize: bool = False,
    grad_scale: float = 1.0,
    clip_value: float = float("inf"),
    betas: Pair = (0.9, 0.99),
) -> None:
    """Take one step of Lion on the caller's own arrays.

    Lion: steps of one size, in the direction of the sign of a momentum.
    """

def ftrl_(
    p: Array,
    g: Array,
    sum: Array,
    linear: Array,
    *,
    step: int,
    num_threads: int | None = None,
    lr: float = 0.1,
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
) -> None:
    """Take one step of FTRL on the caller's own arrays.

    FTRL-proximal: a linear model's optimizer, whose l1 penalty makes weights exactly zero.
    """

def lars_(
    p: Array,
    g: Array,
    momentum_buffer: Array,
    *,
    step: int,
    num_threads: int | None = None,
    lr: float = 0.1,
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
) -> None:
    """Take one step of LARS on the caller's own arrays.

    Momentum whose rate follows each parameter's norm, for large batches.
    """

def lamb_(
    p: Array,
    g: Array,
    exp_avg: Array,
    exp_avg_sq: Array,
    *,
    step: int,
    num_threads: int | None = None,
    lr: float = 0.001,
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
) -> None:
    """Take one step of LAMB on the caller's own arrays.

    Adam whose update is scaled to each parameter's norm, for large batches.
    """
