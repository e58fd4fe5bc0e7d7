"""The benchmark frame counts its goals rightly."""

from __future__ import annotations

import pytest

from benchmarks.measure import Bench, measure, seconds


def busy(rounds: int) -> int:
    return sum(range(rounds))


def test_goals_are_judged(capsys: pytest.CaptureFixture[str]) -> None:
    bench = Bench()
    bench.time(
        "small", lambda: busy(1_000), baseline=lambda: busy(1_000_000), baseline_name="large",
        times_faster=5, tenfold=lambda: busy(10_000),
    )  # fmt: skip
    bench.time("large", lambda: busy(1_000_000), baseline_s=1e-9, within=2, cpu_goal_s=1e-9)
    bench.fact("bytes", 10, "kB", at_most=20)
    told = capsys.readouterr().out
    assert (len(bench.met), len(bench.missed)) == (2, 2)
    assert "baseline, large" in told
    assert "goal ≥ 5× faster: met" in told
    assert "ten times as much costs" in told


def test_seconds_have_three_figures() -> None:
    told = [seconds(value) for value in (1.2345, 0.0456, 7.89e-4)]
    assert told == ["1.23 s", "45.6 ms", "789 µs"]
    with pytest.raises(ValueError, match="at least 1"):
        measure(lambda: None, 0)
