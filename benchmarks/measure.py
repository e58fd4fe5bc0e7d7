"""Measure CPU and wall time, and print them beside a baseline of the same run and the goal."""

from __future__ import annotations

import gc
import os
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field

Work = Callable[[], object]


@dataclass(frozen=True)
class Taken:
    """The best of several runs: CPU seconds of this process (all threads), and wall seconds."""

    cpu_s: float
    wall_s: float

    def __str__(self) -> str:
        return f"{seconds(self.cpu_s)} CPU ({seconds(self.wall_s)} wall)"


def seconds(value: float) -> str:
    """Three figures: `1.23 s`, `45.6 ms`, `789 µs`."""
    for unit, factor in (("s", 1.0), ("ms", 1e3)):
        if value * factor >= 1:
            return f"{value * factor:.3g} {unit}"
    return f"{value * 1e6:.3g} µs"


def measure_process(*arguments: str, repeat: int = 3, **environment: str) -> Taken:
    """The least that a whole process of ours costs, from its start to its end."""
    runs = []
    for _ in range(repeat):
        before, wall = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
        subprocess.run(
            [sys.executable, *arguments],
            check=True,
            stdout=subprocess.DEVNULL,
            env={**os.environ, **environment},
        )
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        runs.append(Taken(cpu, time.perf_counter() - wall))
    return min(runs, key=lambda taken: taken.cpu_s)


def measure(work: Work, repeat: int = 3) -> Taken:
    """The least CPU time of `repeat` runs: what the work costs, without what disturbed it."""
    if repeat < 1:
        raise ValueError("repeat must be at least 1")
    runs = []
    for _ in range(repeat):
        gc.collect()
        cpu, wall = time.process_time(), time.perf_counter()
        work()
        runs.append(Taken(time.process_time() - cpu, time.perf_counter() - wall))
    return min(runs, key=lambda taken: taken.cpu_s)


@dataclass
class Bench:
    """Where a benchmark says what it measured; remembers which goals were met."""

    met: list[str] = field(default_factory=list)
    missed: list[str] = field(default_factory=list)

    def time(
        self,
        name: str,
        work: Work,
        *,
        baseline: Work | None = None,
        baseline_name: str = "",
        baseline_s: float | None = None,
        times_faster: float | None = None,
        within: float | None = None,
        cpu_goal_s: float | None = None,
        tenfold: Work | None = None,
        repeat: int = 3,
    ) -> Taken:
        """Time `work`, and its baseline if there is one.

        baseline_s: a published time to compare with, where it cannot be run here (seconds).
        Goals: `times_faster` than the baseline at least; `within` so many times the baseline;
        `cpu_goal_s` at most. tenfold: the same on ten times as much, for the growth.
        """
        taken = measure(work, repeat)
        print(f"{name}: {taken}")
        other = measure(baseline, repeat).cpu_s if baseline else baseline_s
        if other is not None:
            self.ratio(name, taken.cpu_s, other, baseline_name, times_faster, within)
        if cpu_goal_s is not None:
            met = taken.cpu_s <= cpu_goal_s
            self._goal(f"{name}: {seconds(taken.cpu_s)} CPU", f"≤ {seconds(cpu_goal_s)}", met)
        if tenfold:
            growth = measure(tenfold, 1).cpu_s / taken.cpu_s
            print(f"    ten times as much costs {growth:.3g}×")
        return taken

    def ratio(
        self,
        name: str,
        cpu_s: float,
        baseline_s: float,
        baseline_name: str,
        times_faster: float | None = None,
        within: float | None = None,
    ) -> None:
        """Something measured beside its baseline."""
        print(f"    baseline, {baseline_name}: {seconds(baseline_s)}")
        ratio = baseline_s / cpu_s
        said = f"{ratio:.3g}× faster" if ratio >= 1 else f"{1 / ratio:.3g}× slower"
        if times_faster is not None:
            self._goal(f"{name}: {said}", f"≥ {times_faster:g}× faster", ratio >= times_faster)
        elif within is not None:
            self._goal(f"{name}: {said}", f"within {within:g}×", 1 / ratio <= within)
        else:
            print(f"    {said}")

    def fact(self, name: str, value: float, unit: str, *, at_most: float | None = None) -> None:
        """Something counted or timed elsewhere: bytes, a percentile."""
        if at_most is None:
            print(f"{name}: {value:.4g} {unit}")
        else:
            self._goal(f"{name}: {value:.4g} {unit}", f"≤ {at_most:g} {unit}", value <= at_most)

    def _goal(self, said: str, goal: str, met: bool) -> None:
        print(f"    {said}; goal {goal}: {'met' if met else 'MISSED'}")
        (self.met if met else self.missed).append(f"{said} (goal {goal})")
