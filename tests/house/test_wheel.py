"""What is shipped, and what is not."""

import subprocess
import sys
from importlib.metadata import distributions
from pathlib import Path
from zipfile import ZipFile

import pytest

from tests.house.tree import ROOT, SHIPPED, tracked


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> ZipFile:
    """Build the wheel from the checkout."""
    directory = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(directory)],
        cwd=ROOT,
        check=True,
        capture_output=True,
        timeout=100,
    )
    return ZipFile(next(directory.glob("motlan-*.whl")))


def test_the_wheel_holds_the_four_packages_and_nothing_else(wheel: ZipFile) -> None:
    """A mock or a test that travels is one import away from production."""
    tops = {name.split("/")[0] for name in wheel.namelist()}

    assert set(SHIPPED) == {top for top in tops if not top.endswith(".dist-info")}


def test_the_wheel_holds_every_module_and_every_migration(wheel: ZipFile) -> None:
    """What the checkout runs, the wheel runs."""
    names = set(wheel.namelist())
    sources = [path for path in tracked() if path.suffix in {".py", ".mako"}]
    expected = {p.as_posix() for p in sources if p.parts[0] in SHIPPED} | {
        Path("gateway/_migrations", *p.parts[1:]).as_posix()
        for p in sources
        if p.parts[0] == "migrations"
    }

    assert set() == expected - names


def test_nothing_installed_has_a_package_of_our_names() -> None:
    """Four generic names at the root stay ours only as long as nobody else installs one."""
    rivals = {
        f"{distribution.metadata['Name']}: {file.parts[0]}"
        for distribution in distributions()
        if distribution.metadata["Name"] != "motlan"
        for file in distribution.files or ()
        if file.parts[0] in {*SHIPPED, "mocks", "migrations", "tests", "docs", "bench"}
    }

    assert set() == rivals
