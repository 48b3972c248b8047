"""Run all benchmarks, and write what they say for people.

``python bench/report.py`` writes build/benchmarks.json, and over docs/benchmarks.md and
docs/figures/benchmarks.png. With ``--json FILE`` it reports on an earlier run instead, and with
``--suite NAME`` it runs one suite again, and keeps the numbers of the others.
"""

import argparse
import json
import operator
import statistics
import subprocess
import sys
from collections import defaultdict
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

from matplotlib import colormaps
from matplotlib.figure import Figure

import pyfastopt

ROOT = Path(__file__).parent.parent
RIVALS = {"numpy out=": "NumPy `out=`", "numpy": "NumPy", "torch": "torch"}
TORCH_RIVALS = {
    "torch": "`fused=True`",
    "torch foreach": "`foreach=True`",
    "torch plain": "the default",
    "deepspeed": "DeepSpeed",
}

#: From this size on a step is bound by memory, and the roofline says what there is to have.
LARGE = 1_000_000

#: A smaller advantage does not count as a lead.
LEAD = 1.05

TEXT = """# Benchmarks

Made by `python bench/report.py` on {machine}.

Each row is one case: the parameters of a model, or one array, float32. All libraries step the same
arrays in turns in one process, after a check that they come to the same answer; a time is the
median of the rounds, a ratio that of the rounds' ratios where both took every turn. **Ratios say
how many times faster pyfastopt is**; times are of this machine alone. `NumPy out=` is the formula
by hand without temporaries (for the older rules), `NumPy` the formula as one writes it, `torch` is
`torch.optim` where it has the optimizer, with `fused=True` where it has that (SGD, Adam, AdamW,
Adagrad). *Of plain streams* compares with a loop, compiled for this machine, that reads and writes
the same streams through memory with one addition each. It can be more than 100 %: that loop does
not prefetch, as pyfastopt does on Intel's CPUs, and no machine is quiet. LARS and LAMB go through
memory twice.

![Speed-up, and share of plain streams](figures/benchmarks.png)

## Where it is not ahead

Cases in which a rival is slower by less than {lead:.0%}, or faster:

{behind}

## Models, Adam

{models}

## AdamW on tensors: pyfastopt.torch

Two threads; ratios to `torch.optim.AdamW` in its three forms, and to DeepSpeed's `CPUAdam` where it
is installed, which compiles itself for the machine. The last column compares with `pyfastopt.AdamW`
on NumPy arrays: less than 1 is what tensors cost.

{torch}

## Every rule on the shapes of GPT-2 small

{rules}

## Every rule over sizes

One array, two threads.

{sizes}
"""


class Case:
    """The times of a case's peers in seconds, one of each round, and their medians."""

    def __init__(self, info):
        self.__dict__.update(info)
        self.rounds = {}
        self.seconds = {}

    def ratio(self, peer, base="pyfastopt"):
        if peer not in self.rounds or base not in self.rounds:
            return None
        theirs, ours = self.rounds[peer], self.rounds[base]
        if len(theirs) == len(ours):  # in turns all along
            return statistics.median(map(operator.truediv, theirs, ours))
        return self.seconds[peer] / self.seconds[base]


def load(path):
    cases = {}
    for entry in json.loads(path.read_text())["benchmarks"]:
        info = entry["extra_info"]
        peer = info.pop("peer")
        case = cases.setdefault(entry["group"], Case(info))
        case.rounds[peer] = entry["stats"]["data"]
        case.seconds[peer] = statistics.median(case.rounds[peer])
    return list(cases.values())


def time_text(seconds):
    for unit, factor in [("s", 1), ("ms", 1e3), ("µs", 1e6)]:
        if seconds * factor >= 1:
            return f"{seconds * factor:.3g} {unit}"
    return f"{seconds * 1e9:.0f} ns"


def ratio_text(ratio):
    return "–" if ratio is None else f"{ratio:.3g}×"


def table(cases, heads, streams=None):
    """Return Markdown: the named attributes, pyfastopt's time, and the ratios to the rivals.

    `streams` has the cases by rule in which plain streams were timed, where these were not.
    """
    columns = [
        *heads.values(),
        "pyfastopt",
        *(f"vs {n}" for n in RIVALS.values()),
        "of plain streams",
    ]
    lines = ["| " + " | ".join(columns) + " |"]
    lines.append("|" + " --- |" * len(heads) + " ---: |" * (len(columns) - len(heads)))
    for case in cases:
        timed = streams[case.rule] if streams else case
        limit = f"{timed.ratio('roofline'):.0%}" if case.elements >= LARGE else ""
        cells = [
            *(str(getattr(case, name)) for name in heads),
            time_text(case.seconds["pyfastopt"]),
            *(ratio_text(case.ratio(rival)) for rival in RIVALS),
            limit,
        ]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def torch_table(cases):
    """Return Markdown: pyfastopt.torch's time and its ratios to the rivals on tensors."""
    ours = "pyfastopt.torch"
    columns = [f"vs {name}" for name in TORCH_RIVALS.values()]
    lines = ["| " + " | ".join(["parameters", ours, *columns, "vs NumPy arrays"]) + " |"]
    lines.append("| --- |" + " ---: |" * (len(columns) + 2))
    for case in cases:
        if ours in case.seconds:
            ratios = [case.ratio(rival, ours) for rival in [*TORCH_RIVALS, "pyfastopt"]]
            cells = [case.model, time_text(case.seconds[ours]), *map(ratio_text, ratios)]
            lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def behind(cases):
    """Return Markdown: the cases in which a rival is as fast, or nearly."""
    lines = [
        f"- {case.rule}, {case.model}, {case.threads} thread{'s' * (case.threads > 1)}: "
        f"{ratio_text(case.ratio(rival, base))} {name}"
        for case in cases
        for base, rivals in (("pyfastopt", RIVALS), ("pyfastopt.torch", TORCH_RIVALS))
        for rival, name in rivals.items()
        if (case.ratio(rival, base) or LEAD) < LEAD
    ]
    return "\n".join(dict.fromkeys(lines)) or "None."


def figure(suites, path):
    drawing = Figure(figsize=(12, 4), layout="constrained")
    left, middle, right = drawing.subplots(1, 3)
    by_rule = defaultdict(list)
    for case in suites["sizes"]:
        by_rule[case.rule].append(case)
    colors = {rule: colormaps["tab20"](i % 20) for i, rule in enumerate(by_rule)}
    for axes, rival, title in [
        (left, "numpy out=", "NumPy with out="),
        (middle, "torch", "torch.optim (fused if it has that)"),
    ]:
        for rule, cases in by_rule.items():
            points = [(c.elements, c.ratio(rival)) for c in cases if c.ratio(rival)]
            if points:
                axes.plot(*zip(*points, strict=True), marker=".", label=rule, color=colors[rule])
        axes.axhline(1, color="black", linewidth=0.8)
        axes.set(xscale="log", yscale="log", xlabel="elements", title=f"Times faster than {title}")
        axes.grid(alpha=0.3)
        axes.legend(fontsize=8)
    rules = [case.rule for case in suites["streams"]]
    right.barh(rules, [100 * case.ratio("roofline") for case in suites["streams"]])
    right.axvline(100, color="black", linewidth=0.8)
    right.invert_yaxis()
    right.set(title="Share of plain streams, GPT-2 small", xlabel="%")
    path.parent.mkdir(exist_ok=True)
    drawing.savefig(path, dpi=110)


def machine(path):
    """Describe the machine and the libraries of the run."""
    info = json.loads(path.read_text())["machine_info"]
    cpu = info["cpu"]
    runtime = pyfastopt.runtime_info()
    libraries = [name for name in ("numpy", "torch", "deepspeed") if find_spec(name)]
    names = ", ".join(f"{name} {version(name)}" for name in libraries)
    return (
        f"{cpu.get('brand_raw', info['processor'] or info['machine'])}, {runtime['cpus']} CPUs, "
        f"{runtime['isa']}, prefetch {'on' if runtime['prefetch'] else 'off'}, "
        f"{runtime['compiler']}, {names}"
    )


def run(path, suite):
    """Run the benchmarks, or one suite of them in the place of its earlier numbers."""
    earlier = json.loads(path.read_text())["benchmarks"] if suite else []
    path.parent.mkdir(exist_ok=True)
    command = ["-m", "pytest", "bench", "-q", f"--benchmark-json={path}"]
    command += [f"--suite={suite}"] if suite else []
    subprocess.run([sys.executable, *command], cwd=ROOT, check=True)
    found = json.loads(path.read_text())
    found["benchmarks"] += [b for b in earlier if b["extra_info"]["suite"] != suite]
    path.write_text(json.dumps(found))


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", type=Path, help="report on this earlier run")
    parser.add_argument("--suite", help="run only this suite, and keep the others' numbers")
    arguments = parser.parse_args()
    path = arguments.json or ROOT / "build" / "benchmarks.json"
    if arguments.json is None:
        run(path, arguments.suite)
    suites = defaultdict(list)
    cases = load(path)
    for case in cases:
        suites[case.suite].append(case)
    figure(suites, ROOT / "docs" / "figures" / "benchmarks.png")
    text = TEXT.format(
        machine=machine(path),
        lead=LEAD - 1,
        behind=behind(cases),
        models=table(suites["models"], {"model": "parameters", "threads": "threads"}),
        torch=torch_table(suites["torch"]),
        rules=table(suites["rules"], {"rule": "rule"}, {c.rule: c for c in suites["streams"]}),
        sizes=table(suites["sizes"], {"rule": "rule", "model": "size"}),
    )
    (ROOT / "docs" / "benchmarks.md").write_text(text)


if __name__ == "__main__":
    main()
