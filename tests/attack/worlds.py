"""Calls by chance, some after the other in each of many worlds, which a seed and a number name."""

import argparse
import faulthandler
import random
import sys

#: A world that takes so many seconds hangs.
PATIENCE = 300


def run(name, make, calls, seed, first, calls_of_a_world):
    """Make so many calls, in worlds that `make` returns; return how many worlds there were."""
    made, world = 0, first
    while made < calls:
        try:
            faulthandler.dump_traceback_later(PATIENCE, exit=True)
            there = make(random.Random(f"{seed} {world}"))
            for _ in range(calls_of_a_world):
                made += 1
                there.call()
                if there.over:
                    break
        except BaseException:
            print(f"{name}: seed {seed}, world {world}", file=sys.stderr)
            raise
        finally:
            faulthandler.cancel_dump_traceback_later()
        world += 1
    return world - first


def main(description, run, calls):
    """Run what the command line says."""
    faulthandler.enable()
    parser = argparse.ArgumentParser(description=description.partition("\n")[0])
    parser.add_argument("--calls", type=int, default=calls)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--world", type=int, default=0, help="the first one")
    args = parser.parse_args()
    print(f"{args.calls} calls in {run(args.calls, args.seed, args.world)} worlds")
