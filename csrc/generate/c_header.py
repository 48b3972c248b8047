"""What a C header of this project declares, for the generator and for the tests alike.

It is a parser of fastopt.h and fastopt_rules.h as they are written, not of C.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)
FOR_CPP = re.compile(r"^#ifdef __cplusplus$.*?^#endif$", re.DOTALL | re.MULTILINE)
CONSTANT = re.compile(r"^#define (FASTOPT_\w+) (?:INT64_C\()?(\d+)(u?)\)?$", re.MULTILINE)
ENUM = re.compile(r"typedef enum (\w+)\s*\{([^}]*)\} \1;")
STRUCT = re.compile(r"typedef struct (\w+) \{([^}]*)\} \1;")
OPAQUE = re.compile(r"typedef struct (\w+) \1;")
MEMBER = re.compile(r"(.*?)(\w+)(?:\[(\w+)\])?")
FUNCTION = re.compile(r"FASTOPT_API ([^;()]+?)(\w+)\(([^)]*)\)\s*FASTOPT_NOEXCEPT;")


@dataclass(frozen=True)
class Variable:
    """A member of a struct, or a parameter of a function."""

    type: str
    name: str
    length: int | None = None  # of an array

    @property
    def declaration(self) -> str:
        return f"{self.type} {self.name}{'' if self.length is None else f'[{self.length}]'}"


@dataclass(frozen=True)
class Function:
    returns: str
    name: str
    parameters: list[Variable]


@dataclass
class Header:
    constants: dict[str, tuple[str, int]] = field(default_factory=dict)  # type and value
    enums: dict[str, dict[str, int]] = field(default_factory=dict)
    structs: dict[str, list[Variable]] = field(default_factory=dict)
    opaque: list[str] = field(default_factory=list)
    functions: list[Function] = field(default_factory=list)


def variables(text: str, separator: str, constants: dict[str, tuple[str, int]]) -> list[Variable]:
    found = []
    for entry in filter(None, (" ".join(part.split()) for part in text.split(separator))):
        if entry != "void":
            match = MEMBER.fullmatch(entry)
            assert match, entry
            kind, name, size = match.groups()
            length = constants[size][1] if size in constants else int(size) if size else None
            found.append(Variable(kind.strip(), name, length))
    return found


def constant_type(value: int, unsigned: str) -> str:
    return "unsigned" if unsigned else "int" if value < 2**31 else "int64_t"


def parse(*texts: str) -> Header:
    """Return what the headers declare, in their order."""
    header = Header()
    for text in texts:
        text = FOR_CPP.sub("", COMMENT.sub("", text))
        for name, value, unsigned in CONSTANT.findall(text):
            header.constants[name] = constant_type(int(value), unsigned), int(value)
        for name, body in ENUM.findall(text):
            entries = (entry.split("=") for entry in body.split(","))
            header.enums[name] = {key.strip(): int(value) for key, value in entries}
        for name, body in STRUCT.findall(text):
            header.structs[name] = variables(body, ";", header.constants)
        header.opaque += OPAQUE.findall(text)
        for returns, name, parameters in FUNCTION.findall(text):
            declared = variables(parameters, ",", header.constants)
            header.functions.append(Function(returns.strip(), name, declared))
    return header
