import sys

from Cython.Build import cythonize
from setuptools import Extension, setup

import pyfastopt

# A fused multiply-add rounds once where NumPy rounds twice, which would change the last bits.
flags = [] if sys.platform == "win32" else ["-ffp-contract=off"]

train = Extension(
    "train",
    ["train.pyx"],
    include_dirs=[pyfastopt.get_include()],
    extra_compile_args=flags,
)
setup(name="train", ext_modules=cythonize([train]))
