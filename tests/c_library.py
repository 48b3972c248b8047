"""The C API by ctypes, as its header declares it."""

import ctypes
from pathlib import Path
from types import SimpleNamespace

import c_header
import numpy as np
from arrays import same_bits
from table import rule_name

import pyfastopt as fo
from pyfastopt import _core

ROOT = Path(__file__).parent.parent
INCLUDE = Path(fo.get_include())
HEADER_TEXTS = [(INCLUDE / name).read_text() for name in ("fastopt.h", "fastopt_rules.h")]
HEADER = c_header.parse(*HEADER_TEXTS)
ABI_VERSION = HEADER.constants["FASTOPT_ABI_VERSION"][1]

#: The functions by name.
FUNCTIONS = {function.name: function for function in HEADER.functions}

# Their numbers are compiled into programs.
INVALID_ARGUMENT, INVALID_OPTION, OVERLAP, BUSY, OUT_OF_MEMORY, INVALID_ENVIRONMENT = range(1, 7)
DISJOINT = 1
MAX_SLOTS = 4
MAX_STEPS = 2**53
NUMBER, PAIR, FLAG = range(3)

RULES = {rule: (size, members, slots) for rule, size, members, slots in _core.rules()}


class Refused(Exception):
    def __init__(self, status, message, argument):
        super().__init__(message)
        self.status = status
        self.argument = argument


# ---- the header's types -------------------------------------------------------------------------

#: What is handed over by value. Other pointers of a function are addresses, of whatever array.
VALUES = {
    "int": ctypes.c_int,
    "unsigned": ctypes.c_uint,
    "size_t": ctypes.c_size_t,
    "ptrdiff_t": ctypes.c_ssize_t,
    "int64_t": ctypes.c_int64,
    "double": ctypes.c_double,
    "const char*": ctypes.c_char_p,
    **dict.fromkeys(HEADER.enums, ctypes.c_int),
}

#: And what members of structs and results refer to.
TYPES = {
    **VALUES,
    "void": None,
    "const char* const*": ctypes.POINTER(ctypes.c_char_p),
    "const ptrdiff_t*": ctypes.POINTER(ctypes.c_ssize_t),
}


def member_type(member):
    element = TYPES.get(member.type, ctypes.c_void_p)
    return element if member.length is None else element * member.length


for name, members in HEADER.structs.items():
    fields = [(member.name, member_type(member)) for member in members]
    TYPES[name] = type(name, (ctypes.Structure,), {"_fields_": fields})
    TYPES[f"const {name}*"] = ctypes.POINTER(TYPES[name])

VariantInfo, Array = TYPES["fastopt_variant_info"], TYPES["fastopt_array"]
Threading, ThreadLimits = TYPES["fastopt_threading"], TYPES["fastopt_thread_limits"]


class Api:
    """The functions without their prefix; where a status is not OK, they raise Refused."""

    def __init__(self, path):
        library = ctypes.CDLL(str(path))
        for name, declared in FUNCTIONS.items():
            function = library[name]
            function.restype = TYPES[declared.returns]
            function.argtypes = [VALUES.get(of.type, ctypes.c_void_p) for of in declared.parameters]
            if declared.returns == "fastopt_status":
                function.errcheck = self.check
            setattr(self, name.removeprefix("fastopt_"), function)

    def check(self, status, function, arguments):
        if status != 0:
            message, argument = self.error_message(), self.error_argument()
            raise Refused(status, message.decode(), argument.decode())
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

    def set_sparse_gradient(self, row, indices, values, flags=0):
        indices = np.ascontiguousarray(indices, np.int64)
        self.api.plan_set_sparse_gradient(
            self.handle, row, indices.ctypes, indices.size, ctypes.byref(described(values)), flags
        )
        self.arrays.append(values)

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
    return fo.option_struct(rule_name(optimizer), **options)


def changed(record, **members):
    record = record.copy()
    for name, value in members.items():
        record[name] = value
    return record


def slots_of(kernel):
    return tuple(slot.decode() for slot in kernel.slots[: kernel.slot_count])


def reported(rule):
    members = [
        (member.name.decode(), member.kind, member.domain.decode(), member.offset)
        for member in rule.options[: rule.option_count]
    ]
    return rule.options_size, members, slots_of(rule.all_slots)


def assert_same(plan, rows, optimizer, params):
    for row, p, twin, state in zip(
        rows, params, optimizer.param_groups[0]["params"], optimizer.state, strict=True
    ):
        assert same_bits(p, twin), p.shape
        assert plan.steps(row) == state["step"]
        found = plan.state(row)
        assert {"step", *found} == state.keys()
        for name, array in found.items():
            assert same_bits(array, state[name]), (name, p.shape)
