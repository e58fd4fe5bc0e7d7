"""The wheel, installed where there is no checkout, and served from a folder that is not ours."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
import venv
from collections.abc import Iterator
from email.parser import Parser
from pathlib import Path
from zipfile import ZipFile

import pytest
import requests
from playwright.sync_api import Page, expect

from tests.e2e.conftest import NewPage
from tests.e2e.site import DRAW_MS, ROOT, Site, free_port, main_text, serve, visit

# What a stranger's config.toml may hold: each of these shows, tells or lets in.
STRANGERS_CONFIG = """
[browser]
gatherUsageStats = true
[client]
showErrorDetails = "full"
toolbarMode = "developer"
[server]
enableAgentApi = true
enableXsrfProtection = false
[theme]
base = "dark"
primaryColor = "#ff0000"
[theme.light]
backgroundColor = "#ff0000"
"""
STRANGERS_SECRETS = 'STRANGERS_SECRET = "theirs"\n[auth]\ncookie_secret = "theirs"\n'
PAPER = "rgb(251, 250, 247)"  # backgroundColor of our light theme
SOURCES = ("energydash", "pages", ".streamlit", "app.py", "pyproject.toml", "setup.py")
SOURCES += ("requirements.in", "README.md", "LICENSE")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built from a copy: setuptools leaves its scraps beside what it builds from."""
    copied = tmp_path_factory.mktemp("source")
    for name in SOURCES:
        if (ROOT / name).is_dir():
            ignored = shutil.ignore_patterns("__pycache__", "secrets.toml")
            shutil.copytree(ROOT / name, copied / name, ignore=ignored)
        else:
            shutil.copy(ROOT / name, copied / name)
    built = tmp_path_factory.mktemp("wheel")
    pip("wheel", str(copied), "--no-build-isolation", "--wheel-dir", str(built))
    (found,) = built.glob("energydash-*.whl")
    return found


@pytest.fixture(scope="module")
def program(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The command `energydash` of an environment that has the wheel, and sees what it needs."""
    folder = tmp_path_factory.mktemp("environment")
    venv.create(folder, symlinks=os.name != "nt")
    paths = sysconfig.get_paths(vars={"base": str(folder), "platbase": str(folder)})
    python = Path(paths["scripts"]) / "python"
    pip("--python", str(python), "install", str(wheel))
    # A .pth names folders; the .pth files in those, this checkout's own, are not read.
    (Path(paths["purelib"]) / "needs.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return Path(paths["scripts"]) / "energydash"


def pip(*arguments: str) -> None:
    command = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check", "--no-input"]
    done = subprocess.run(
        [*command, *arguments, "--no-deps", "--no-index"],
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )
    assert done.returncode == 0, done.stderr


@pytest.fixture
def stranger(tmp_path: Path) -> Path:
    """A folder with somebody else's .streamlit."""
    folder = tmp_path / "stranger"
    (folder / ".streamlit").mkdir(parents=True)
    (folder / ".streamlit" / "config.toml").write_text(STRANGERS_CONFIG)
    (folder / ".streamlit" / "secrets.toml").write_text(STRANGERS_SECRETS)
    return folder


@pytest.fixture
def installed(program: Path, stranger: Path, tmp_path: Path) -> Iterator[Site]:
    """Served from the root of the file system, by a user who has a global configuration."""
    environment = {
        "HOME": str(stranger),
        "ENERGYDASH_REPLAY_URL": f"http://127.0.0.1:{free_port()}",
    }
    with serve(tmp_path, environment, program=[str(program)], folder=Path("/")) as site:
        yield site


def test_an_installed_copy_is_whole_and_its_own(installed: Site, new_page: NewPage) -> None:
    """`new_page` fails the test where any request leaves the machine."""
    page = new_page(color_scheme="light")
    visit(page, installed)
    assert_ours(page)
    visit(page, installed, "electricity_costs")
    expect(page.locator("[data-testid=stMain]")).to_contain_text("SAMPLE", timeout=DRAW_MS)
    assert requests.get(f"{installed.url}/api/v1/health", timeout=20).ok
    agent = requests.post(f"{installed.url}/_stcore/agent/interact", json={}, timeout=20)
    assert agent.status_code == 404, agent.text
    assert "Traceback" not in installed.said()


def assert_ours(page: Page) -> None:
    """Drawn, in our colours, without Streamlit's own menus."""
    expect(page.get_by_role("heading", name="Now", exact=True)).to_be_visible(timeout=DRAW_MS)
    expect(page.locator(".js-plotly-plot .main-svg").first).to_be_visible(timeout=DRAW_MS)
    assert "Traceback" not in main_text(page)
    expect(page.locator("[data-testid=stApp]")).to_have_css("background-color", PAPER)
    expect(page.locator("[data-testid=stAppDeployButton]")).to_have_count(0)


OPTIONS = """
import os
from streamlit import config, secrets
from energydash.server import configure_streamlit
configure_streamlit({"server.port": 8765})
assert config.get_option("server.port") == 8765
assert config.get_option("theme.base") is None
assert config.get_option("theme.light.backgroundColor") == "#fbfaf7"
assert config.get_option("theme.primaryColor") is None
assert config.get_option("client.showErrorDetails") == "none"
assert config.get_option("client.toolbarMode") == "viewer"
assert config.get_option("browser.gatherUsageStats") is False
assert config.get_option("server.enableXsrfProtection") is True
assert config.get_option("server.enableAgentApi") is False
assert config.get_option("global.developmentMode") is False
assert config.get_option("secrets.files") == []
assert not secrets.load_if_toml_exists()
assert "STRANGERS_SECRET" not in os.environ
"""


@pytest.mark.parametrize("broken", [False, True])
def test_the_working_folders_configuration_does_not_count(stranger: Path, broken: bool) -> None:
    if broken:
        (stranger / ".streamlit" / "config.toml").write_text("[theme\n")
    done = subprocess.run(
        [sys.executable, "-c", OPTIONS],
        cwd=stranger,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_the_wheel_carries_the_app_and_names_what_it_needs(wheel: Path) -> None:
    with ZipFile(wheel) as archive:
        names = set(archive.namelist())
        (described,) = (name for name in names if name.endswith(".dist-info/METADATA"))
        metadata = Parser().parsestr(archive.read(described).decode())
    app = {name.removeprefix("energydash/_app/") for name in names if "/_app/" in name}
    pages = {f"pages/{path.name}" for path in (ROOT / "pages").glob("*.py")}
    assert app == {"app.py", ".streamlit/config.toml", *pages}
    assert not [name for name in names if "secrets" in name or name.startswith("tests/")]
    for path in (ROOT / "energydash").rglob("*"):
        if path.is_file() and "__pycache__" not in path.parts:
            assert path.relative_to(ROOT).as_posix() in names
    needed = [line for line in (ROOT / "requirements.in").read_text().splitlines() if line]
    needed = [line for line in needed if not line.startswith("#")]
    assert len(metadata.get_all("Requires-Dist") or []) == len(needed)
    assert "pyiso" not in str(metadata.get_all("Requires-Dist")), "no resolver can place it"
