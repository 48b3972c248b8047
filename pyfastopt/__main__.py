"""The command line: ``pyfastopt train``, ``pyfastopt info``, and flags for compilers."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from . import __version__, interop, runtime_info

#: What is printed for each flag that builds on the library need.
_FLAGS = {
    "--cflags": (interop.compiler_flags, "print what a compiler needs"),
    "--libs": (interop.linker_flags, "print what a linker needs"),
    "--cmakedir": (interop.get_cmake_dir, "print the directory for CMake's pyfastopt_DIR"),
    "--pkgconfigdir": (interop.get_pkgconfig_dir, "print the directory for PKG_CONFIG_PATH"),
}


def _positive_integer(text: str) -> int:
    number = int(text) if text.isdecimal() else 0
    if number < 1:
        raise argparse.ArgumentTypeError(f"{text} is not a positive integer")
    return number


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="pyfastopt", description=__doc__)
    parser.add_argument("--version", action="version", version=f"pyfastopt {__version__}")
    for flag, (_, meaning) in _FLAGS.items():
        parser.add_argument(flag, action="append_const", const=flag, dest="flags", help=meaning)
    commands = parser.add_subparsers(dest="command")
    commands.add_parser("info", help="show the instruction set, threads and versions in use")
    train = commands.add_parser(
        "train",
        help="train a network on handwritten digits with each optimizer, compiled and in NumPy",
    )
    integer = _positive_integer
    option = train.add_argument
    option("--optimizer", action="append", help="name; may be repeated (default: all)")
    option("--epochs", type=integer, default=20, help="passes over the data (default: 20)")
    option("--hidden", type=integer, default=128, help="units of each hidden layer (default: 128)")
    option("--dtype", choices=["float32", "float64"], default="float32", help="(default: float32)")
    option("--threads", type=integer, help="threads of a step (default: automatic)")
    option("--out", default="pyfastopt-train.png", help="plot, a PNG (default: %(default)s)")
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; return the exit status."""
    parser = _parser()
    options = parser.parse_args(arguments)
    if options.flags:
        print(*(_FLAGS[flag][0]() for flag in options.flags))
        return 0
    if options.command is None:
        parser.error("name a command: train or info")
    if options.command == "info":
        for name, value in runtime_info().items():
            text = ", ".join(value) if isinstance(value, list) else value
            print(f"{name:15} {'none' if text is None else text}")
        return 0
    try:
        from .train import train
    except ModuleNotFoundError as error:
        print(f"{error}: pip install 'pyfastopt[train]'", file=sys.stderr)
        return 1
    try:
        same_bits = train(
            names=options.optimizer,
            epochs=options.epochs,
            hidden=options.hidden,
            dtype=options.dtype,
            num_threads=options.threads,
            out=options.out,
        )
    except ValueError as error:
        print(f"pyfastopt train: {error}", file=sys.stderr)
        return 2
    return 0 if same_bits else 1


if __name__ == "__main__":
    sys.exit(main())
