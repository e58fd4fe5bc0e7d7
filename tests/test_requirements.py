"""What is installed is what was pinned, to the byte."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PIN = re.compile(r"^([a-z0-9][a-z0-9._-]*)==(\S+)( ; [^\\]+)?( \\)?$")


def pins(name: str) -> dict[str, str]:
    """Every pinned package with the lines that belong to it."""
    found: dict[str, str] = {}
    package = ""
    for line in (ROOT / name).read_text().splitlines():
        if line.startswith("#"):
            continue
        if not line.startswith(" "):
            match = PIN.match(line)
            assert match, f"{name} does not pin {line}"
            package = match[1]
        found[package] = found.get(package, "") + line + "\n"
    return found


def wanted(name: str) -> set[str]:
    lines = (ROOT / name).read_text().splitlines()
    return {re.split(r"[\[<>=]", line)[0] for line in lines if re.match(r"[a-z]", line)}


def test_every_package_is_pinned_by_hash() -> None:
    """One without a hash would make pip refuse the whole file."""
    found = pins("requirements.txt")
    assert wanted("requirements.in") <= set(found)
    for package, lines in found.items():
        pinned = sum(1 for line in lines.splitlines() if PIN.match(line))
        assert pinned >= 1
        hashes = re.findall(r"--hash=sha256:[0-9a-f]{64}\b", lines)
        assert len(hashes) >= pinned, f"{package} has no hash"


def test_tests_run_on_what_is_shipped() -> None:
    shipped, tested = pins("requirements.txt"), pins("requirements-dev.txt")
    assert wanted("requirements-dev.in") <= set(tested)

    def versions(lines: str) -> set[str]:
        return set(re.findall(r"==(\S+)", lines))

    for package, lines in shipped.items():
        assert versions(lines) == versions(tested[package]), package
