"""How the benchmarks measure: side by side.

The machines that run this are shared, and what they give changes from second to second. So all of
a case's peers are timed in turns, and pytest-benchmark is then told what each took, by way of a
clock that goes forward by the recorded times: the peers of a group have seen the same weather.
"""

import gc
import time

import pytest
from peers import PEERS, SUITES, Case

CHECKED_STEPS = 2
ROUND_SECONDS = 2e-3
REST_SECONDS = 5e-3
#: Shared between the peers.
CASE_SECONDS = 6.0
ROUNDS = 5, 60


def pytest_addoption(parser):
    parser.addoption("--smoke", action="store_true", help="small arrays and few rounds, as a test")
    parser.addoption("--suite", choices=list(SUITES), help="only these cases")


class Clock:
    """The time that pytest-benchmark sees."""

    def __init__(self):
        self.now = 0.0

    def __call__(self):
        return self.now


CLOCK = Clock()


def seconds_per_step(peer, repeats):
    # The threads of the peer before spin for a while after their work; then warm up one's own.
    time.sleep(REST_SECONDS)
    peer.step()
    start = time.perf_counter()
    for _ in range(repeats):
        peer.step()
    return (time.perf_counter() - start) / repeats


def race(case: Case, smoke: bool) -> dict[str, list[float]]:
    """Check that all peers come to the same answer, then time them in turns."""
    peers = {name: peer for name in case.peers if (peer := PEERS[name](case)) is not None}
    for peer in peers.values():
        for _ in range(CHECKED_STEPS):
            peer.step()
    for peer in peers.values():
        peer.check(peers["pyfastopt"].params, CHECKED_STEPS)
    seconds = {name: seconds_per_step(peer, 1) for name, peer in peers.items()}
    repeats = {name: max(1, round(ROUND_SECONDS / s)) for name, s in seconds.items()}
    turns = {name: s * repeats[name] for name, s in seconds.items()}
    quickest = min(turns.values())
    least, most = (2, 2) if smoke else ROUNDS
    laps = min(max(round(CASE_SECONDS / len(peers) / quickest), least), most)
    # A slow peer sits out laps.
    every = {name: min(max(round(s / quickest), 1), laps // least) for name, s in turns.items()}
    times: dict[str, list[float]] = {name: [] for name in peers}
    gc.collect()
    gc.disable()
    try:
        for lap in range(laps):
            for name, peer in peers.items():
                if lap % every[name] == 0:
                    times[name].append(seconds_per_step(peer, repeats[name]))
    finally:
        gc.enable()
        case.forget()
    return times


@pytest.fixture(scope="session")
def races(request):
    """Race a case when its first peer is asked for, and keep the times for its other peers."""
    kept: dict[str, dict[str, list[float]]] = {}

    def times(case: Case) -> dict[str, list[float]]:
        if case.name not in kept:
            kept[case.name] = race(case, request.config.getoption("--smoke"))
        return kept[case.name]

    return times


@pytest.fixture
def report(benchmark, races):
    """Hand a peer's times to pytest-benchmark."""

    def report(case: Case, peer: str) -> None:
        if peer not in races(case):
            pytest.skip(f"{peer}: its library is not installed")
        times = iter(races(case)[peer])
        benchmark.group = case.name
        benchmark.extra_info.update(case.info, peer=peer)

        def pass_time():
            CLOCK.now += next(times)

        benchmark.pedantic(pass_time, rounds=len(races(case)[peer]))

    return report
