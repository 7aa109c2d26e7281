"""Who may import whom."""

import os
import subprocess
import sys

from tests.house.tree import ROOT


def test_every_import_contract_holds() -> None:
    """Cycles and leaks come one import at a time; the linter's exit code is the judge."""
    ran = subprocess.run(
        [sys.executable, "-c", "from importlinter.cli import lint_imports_command as run; run()"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=110,
        check=False,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )

    assert ran.returncode == 0, (
        ran.stdout.partition("Broken contracts")[2] or ran.stdout + ran.stderr
    )
