"""What the machine itself takes to wake a process on its other core: part of every latency.

An exchange wakes seven in a row, a bare proxy four; under a hypervisor that lends its cores a
wake-up is a few hundred microseconds, on a machine of one's own a few tens.
"""

import os
import subprocess
import sys
import time
from statistics import quantiles

from bench.load import CLIENT_CORE
from bench.servers import pin

CALLS, PAUSE_S = 1_500, 1 / 1_500


def wake_us() -> tuple[float, float]:
    """Return median and 99th percentile of one wake-up, microseconds, at 1,500 calls a second."""
    own = os.sched_getaffinity(0)
    command = [sys.executable, "-m", "bench.waking"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
        assert other.stdin is not None
        assert other.stdout is not None
        pin(other.pid)
        os.sched_setaffinity(0, {CLIENT_CORE})
        try:
            there, back = other.stdin.fileno(), other.stdout.fileno()
            one_way = [_there_and_back(there, back) / 2 for _ in range(CALLS)]
        finally:
            os.sched_setaffinity(0, own)
            other.stdin.close()
    cuts = quantiles(one_way, n=100)
    return cuts[49] * 1e6, cuts[98] * 1e6


def _there_and_back(there: int, back: int) -> float:
    time.sleep(PAUSE_S)
    begun = time.perf_counter()
    os.write(there, b"?")
    os.read(back, 1)
    return time.perf_counter() - begun


def echo() -> None:
    """Hand back each byte, until there are no more."""
    while byte := os.read(0, 1):
        os.write(1, byte)


if __name__ == "__main__":
    echo()
