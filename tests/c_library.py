"""The C API by ctypes, as its header declares it."""

import ctypes
import re
from pathlib import Path
from types import SimpleNamespace

import numpy as np

import pyfastopt as fo
from pyfastopt import _core

ROOT = Path(__file__).parent.parent
INSTALLED = Path(fo.get_include())
#: A build folder has no headers of its own.
INCLUDE = INSTALLED if INSTALLED.exists() else ROOT / "csrc" / "include"
HEADER = "".join((INCLUDE / name).read_text() for name in ("fastopt.h", "fastopt_rules.h"))
ABI_VERSION = int(re.search(r"^#define FASTOPT_ABI_VERSION (\d+)$", HEADER, re.MULTILINE)[1])

#: What each function returns, and its parameters: (type, name).
FUNCTIONS = {
    name: (returns.strip(), re.findall(r"(\S[^,]*?) ?(\w+)(?:,|$)", parameters.replace("void", "")))
    for returns, name, parameters in re.findall(
        r"^FASTOPT_API ([^;(]+?)(\w+)\(([^)]*)\)\s*FASTOPT_NOEXCEPT;", HEADER, re.MULTILINE
    )
}

# Their numbers are compiled into programs.
INVALID_ARGUMENT, INVALID_OPTION, OVERLAP, BUSY, OUT_OF_MEMORY, INVALID_ENVIRONMENT = range(1, 7)
APART = 1
MAX_SLOTS = 4
MAX_STEPS = 2**53

RULES = {rule: (size, members, slots) for rule, size, members, slots in _core.rules()}
NUMBER, PAIR, FLAG = range(3)


class Refused(Exception):
    def __init__(self, status, message):
        super().__init__(message)
        self.status = status


def structure(**members):
    return type("Structure", (ctypes.Structure,), {"_fields_": list(members.items())})


text, size = ctypes.c_char_p, ctypes.c_size_t
lengths = ctypes.POINTER(ctypes.c_ssize_t)
KernelInfo = structure(rule=text, slot_count=size, slots=ctypes.POINTER(text))
OptionInfo = structure(name=text, domain=text, kind=ctypes.c_int, offset=size)
RuleInfo = structure(
    name=text,
    options_size=size,
    option_count=size,
    options=ctypes.POINTER(OptionInfo),
    all_slots=KernelInfo,
)
Array = structure(
    data=ctypes.c_void_p, type=ctypes.c_int, ndim=ctypes.c_int, shape=lengths, strides=lengths
)

TYPES = {
    "void": None,
    "int": ctypes.c_int,
    "unsigned": ctypes.c_uint,
    "size_t": size,
    "int64_t": ctypes.c_int64,
    "double": ctypes.c_double,
    "fastopt_type": ctypes.c_int,
    "fastopt_status": ctypes.c_int,
    "const char*": text,
    "const fastopt_rule_info*": ctypes.POINTER(RuleInfo),
    "const fastopt_kernel_info*": ctypes.POINTER(KernelInfo),
}


class Api:
    """The functions without their prefix; where a status is not OK, they raise Refused."""

    def __init__(self, path):
        library = ctypes.CDLL(str(path))
        for name, (returns, parameters) in FUNCTIONS.items():
            function = library[name]
            function.restype = TYPES[returns]
            function.argtypes = [TYPES.get(of, ctypes.c_void_p) for of, _ in parameters]
            if returns == "fastopt_status":
                function.errcheck = self.check
            setattr(self, name.removeprefix("fastopt_"), function)

    def check(self, status, function, arguments):
        if status != 0:
            raise Refused(status, self.error_message().decode())
        return status


def described(a, **changes):
    """A fastopt_array; what it points to lives as long as it."""
    shape, strides = a.ctypes.shape_as(ctypes.c_ssize_t), a.ctypes.strides_as(ctypes.c_ssize_t)
    array = Array(a.ctypes.data, int(a.dtype == np.float64), a.ndim, shape, strides)
    for name, value in changes.items():
        if isinstance(value, tuple):
            value = (ctypes.c_ssize_t * len(value))(*value)
        setattr(array, name, value)
    array.owner = a
    return array


def viewed(array):
    """The NumPy array that a fastopt_array describes."""
    interface = {
        "version": 3,
        "data": (array.data, False),
        "typestr": np.dtype([np.float32, np.float64][array.type]).str,
        "shape": tuple(array.shape[: array.ndim]),
        "strides": tuple(array.strides[: array.ndim]),
    }
    return np.asarray(SimpleNamespace(__array_interface__=interface))


class Plan:
    def __init__(self, api):
        self.api = api
        self.arrays = []
        self.rules = []  # of the groups
        self.groups = []  # of the rows
        self.handle = ctypes.c_void_p()
        api.plan_create(ctypes.byref(self.handle))

    def __del__(self):
        self.api.plan_destroy(self.handle)

    def add_group(self, record):
        group = ctypes.c_size_t()
        self.api.plan_add_group(self.handle, record.ctypes, ctypes.byref(group))
        self.rules.append(rule_of(record))
        return group.value

    def add_row(self, group, p, slots=None, flags=0):
        row = ctypes.c_size_t()
        arrays = None if slots is None else (Array * len(slots))(*map(described, slots))
        parameter = ctypes.byref(described(p))
        self.api.plan_add_row(self.handle, group, parameter, arrays, flags, ctypes.byref(row))
        self.arrays += [p, *(slots or [])]
        self.groups.append(group)
        return row.value

    def set_gradient(self, row, g, flags=0, **changes):
        array = None if g is None else ctypes.byref(described(g, **changes))
        self.api.plan_set_gradient(self.handle, row, array, flags)
        self.arrays.append(g)

    def step(self, num_threads=1):
        self.api.plan_step(self.handle, num_threads)

    def steps(self, row):
        steps = ctypes.c_int64()
        self.api.plan_get_steps(self.handle, row, ctypes.byref(steps))
        return steps.value

    def options(self, group):
        record = fo.option_struct(self.rules[group])
        self.api.plan_get_options(self.handle, group, record.ctypes)
        return record

    def set_options(self, group, record):
        self.api.plan_set_options(self.handle, group, record.ctypes)

    def state(self, row):
        """Views of the slots by name."""
        record = self.options(self.groups[row])
        found = {}
        for slot, name in enumerate(_core.describe(rule_of(record), values(record))[1]):
            array = Array()
            self.api.plan_get_slot(self.handle, row, slot, ctypes.byref(array))
            found[name] = viewed(array)
        return found


def rule_of(record):
    return ctypes.string_at(int(record["rule"][0])).decode()


def values(record):
    """The options of a struct, as the Python classes take them."""
    kinds = {name: kind for name, kind, _, _ in RULES[rule_of(record)][1]}
    found = {name: record[name][0].tolist() for name in kinds}
    cast = {NUMBER: float, PAIR: tuple, FLAG: bool}
    return {name: cast[kinds[name]](value) for name, value in found.items()}


def of_class(optimizer):
    """The struct with the options of an optimizer in Python."""
    options = dict(optimizer.param_groups[0])
    del options["params"]
    return fo.option_struct(optimizer.rule, **options)
