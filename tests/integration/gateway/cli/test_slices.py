"""Slices, as this machine's kernel tells of them."""

import os
import platform
import subprocess
import sys
from pathlib import Path

import pytest

SCHED = Path("/proc/self/sched")
CHOSEN = """
import os, threading
from pathlib import Path
from gateway.cli.slices import run_in_short_slices

def told(name, thread="self"):
    lines = Path(f"/proc/{thread}/sched").read_text().splitlines()
    return next((line.split(":")[1].strip() for line in lines if line.startswith(name)), "")

os.nice(3)
assert run_in_short_slices()
found = []
thread = threading.Thread(target=lambda: found.append(told("se.slice", "thread-self")))
thread.start()
thread.join()
print(os.getpriority(os.PRIO_PROCESS, 0), told("se.slice"), found[0])
"""


def _chosen_here() -> bool:
    release = tuple(int(each) for each in platform.release().split(".")[:2])
    return release >= (6, 12) and SCHED.exists() and "se.slice" in SCHED.read_text()


def said(script: str) -> list[str]:
    """Run *script* by itself and return the words it prints."""
    command = [sys.executable, "-c", script]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=30)
    return done.stdout.split()


@pytest.mark.skipif(not _chosen_here(), reason="this kernel does not tell of slices")
def test_a_process_and_its_threads_run_in_short_slices_and_stay_as_nice() -> None:
    """A keeper that has stepped back must not step forward by it."""
    nice = min(19, os.getpriority(os.PRIO_PROCESS, 0) + 3)

    assert [str(nice), "100000", "100000"] == said(CHOSEN)


def test_whoever_was_given_another_policy_keeps_it() -> None:
    """An operator has decided."""
    script = """
import os
from gateway.cli.slices import run_in_short_slices
os.sched_setscheduler(0, os.SCHED_BATCH, os.sched_param(0))
print(run_in_short_slices(), os.sched_getscheduler(0) == os.SCHED_BATCH)
"""
    assert ["False", "True"] == said(script)
