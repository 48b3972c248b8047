"""The command line: ``pyfastopt train`` and ``pyfastopt info``."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from . import runtime_info


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"{text} is not a positive integer")
    return number


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="pyfastopt", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("info", help="show the instruction set, threads and versions in use")
    train = commands.add_parser(
        "train",
        help="train a network on handwritten digits with each optimizer, compiled and in NumPy",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    train.add_argument("--optimizer", action="append", help="name; may be repeated; default: all")
    train.add_argument("--epochs", type=_positive, default=20, help="passes over the data")
    train.add_argument("--hidden", type=_positive, default=128, help="units of the hidden layer")
    train.add_argument("--dtype", choices=["float32", "float64"], default="float32")
    train.add_argument("--threads", type=_positive, help="threads of a step; default: automatic")
    train.add_argument("--out", default="pyfastopt-train.png", help="plot of the loss curves")
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
