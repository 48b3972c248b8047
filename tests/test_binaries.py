"""The compiled objects: every kernel vectorised, and nothing exported but what must be."""

import platform

import binaries
import pytest

from pyfastopt import _core, capi

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not binaries.objects(), reason="no build tree: not installed from here"),
    pytest.mark.skipif(not binaries.has_tools(), reason="needs nm and objdump"),
]

ON_X86 = platform.machine() in ("x86_64", "AMD64")


@pytest.mark.parametrize("isa", _core.compiled_isas())
def test_each_object_exports_one_table(isa):
    assert binaries.global_symbols(binaries.objects()[isa]) == [f"fastopt::core::kernels_{isa}"]


@pytest.mark.skipif(not ON_X86, reason="reads x86 disassembly")
@pytest.mark.parametrize("isa", _core.compiled_isas())
def test_every_kernel_is_vectorised(isa):
    kernels = binaries.kernels(binaries.objects()[isa])
    assert sum(name.endswith(" sweep") for name in kernels) == 2 * len(_core.variants())
    assert {"LAMB<float> measure", "combine<double>", "magnitudes<float>"} <= set(kernels)
    for kernel, counts in kernels.items():
        packed, scalar = binaries.widest_and_scalar(counts, isa)
        assert packed["mul"] > 0 or "magnitudes" in kernel, kernel
        assert set(scalar) <= set(packed), kernel


@pytest.mark.parametrize("module", [_core, capi], ids=lambda module: module.__name__)
def test_modules_export_only_their_init_functions(module):
    lines = binaries.output("nm", "-D", "--defined-only", module.__file__).splitlines()
    name = module.__name__.rpartition(".")[2]
    assert [line.split()[-1] for line in lines] == [f"PyInit_{name}"]
