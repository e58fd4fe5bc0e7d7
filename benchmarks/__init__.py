"""Benchmarks: `make bench`, or `python -m benchmarks NAME…`.

A module here that has `run(bench: Bench) -> None` is one; it prints what it measured beside a
baseline measured in the same run, their ratio, the goal of the design, and how it grows.
"""
