"""The command line: ``pyfastopt train`` and ``pyfastopt info``."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from . import __version__, runtime_info


def _positive_integer(text: str) -> int:
    number = int(text) if text.isdecimal() else 0
    if number < 1:
        raise argparse.ArgumentTypeError(f"{text} is not a positive integer")
    return number


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="pyfastopt", description=__doc__)
    parser.add_argument("--version", action="version", version=f"pyfastopt {__version__}")
    commands = parser.add_subparsers(dest="command", required=True)
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
    options = _parser().parse_args(arguments)
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
