# Written by csrc/generate from the rules and the declared optimizers; do not edit.
from ..optimizers.adadelta import Adadelta as Adadelta
from ..optimizers.adagrad import Adagrad as Adagrad
from ..optimizers.adam import Adam as Adam
from ..optimizers.adam import AdamW as AdamW
from ..optimizers.adamax import Adamax as Adamax
from ..optimizers.asgd import ASGD as ASGD
from ..optimizers.ftrl import FTRL as FTRL
from ..optimizers.lamb import LAMB as LAMB
from ..optimizers.lars import LARS as LARS
from ..optimizers.lion import Lion as Lion
from ..optimizers.nadam import NAdam as NAdam
from ..optimizers.radam import RAdam as RAdam
from ..optimizers.rmsprop import RMSProp as RMSProp
from ..optimizers.rprop import Rprop as Rprop
from ..optimizers.sgd import SGD as SGD
from ..optimizers.sgd import Momentum as Momentum

__all__: list[str] = [
    "SGD",
    "Momentum",
    "RMSProp",
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
