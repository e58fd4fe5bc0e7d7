"""`python -m benchmarks [NAME…]`: run all benchmarks, or those named."""

from __future__ import annotations

import importlib
import os
import pkgutil
import sys

import benchmarks
from benchmarks.measure import Bench


def main(chosen: list[str]) -> None:
    names = [info.name for info in pkgutil.iter_modules(benchmarks.__path__)]
    unknown = set(chosen) - set(names)
    if unknown:
        sys.exit(f"no benchmark is called {', '.join(sorted(unknown))}; there are: {names}")
    bench = Bench()
    print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f} at the start")
    for name in chosen or names:
        if name == "__main__":
            continue
        module = importlib.import_module(f"benchmarks.{name}")
        if hasattr(module, "run"):
            print(f"\n== {name}: {(module.__doc__ or name).strip().splitlines()[0]}")
            module.run(bench)
    print(f"\n{len(bench.met)} goals met, {len(bench.missed)} missed")
    for said in bench.missed:
        print(f"  missed: {said}")


if __name__ == "__main__":
    main(sys.argv[1:])
