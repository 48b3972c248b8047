"""Fused, in-place optimizer steps for CPUs on NumPy buffers.

>>> import numpy as np
>>> import pyfastopt as fo
>>> W = np.ones((3, 2), np.float32)
>>> opt = fo.Adam([W], lr=0.1)
>>> opt.step([np.full((3, 2), 0.5, np.float32)])
>>> W[0]
array([0.9, 0.9], dtype=float32)
"""

from pkgutil import extend_path

# In a clone's root, this folder hides the installed package, which has the compiled module.
__path__ = extend_path(__path__, __name__)
__version__ = "0.1.0"

try:
    from . import _core
except ModuleNotFoundError as error:
    raise ImportError(
        "pyfastopt's compiled module is not installed; run 'pip install .' in its source folder"
    ) from error
if _core.__version__ != __version__:
    raise ImportError(
        f"pyfastopt {__version__} found the compiled module of version {_core.__version__} at "
        f"{_core.__file__}; install this version with 'pip install .' in its source folder"
    )

from . import functional, interop, optimizers
from ._types import Convention, Threading
from .functional import *
from .interop import *
from .lbfgs import LBFGS
from .optimizer import Optimizer, ParamGroup, preset
from .optimizers import *
from .runtime import RuntimeInfo, runtime_info, use_isa

__all__ = [
    "LBFGS",
    "Convention",
    "Optimizer",
    "ParamGroup",
    "RuntimeInfo",
    "Threading",
    "preset",
    "runtime_info",
    "use_isa",
]
__all__ += optimizers.__all__
__all__ += functional.__all__
__all__ += interop.__all__
