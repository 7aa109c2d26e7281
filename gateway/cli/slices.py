"""How long a process of ours runs on while another wants to: briefly, for somebody waits for both.

A normal process keeps its core for 1.4 to 3 ms where others wait, several times what an exchange
takes.  Since 6.12 Linux lets each choose: whoever asks for short slices is let in sooner when it
wakes, and lets others in sooner while it runs, for the same share of the core.
"""

import ctypes
import os
import platform

SLICE_NS = 100_000  # the least that the kernel takes
# sched_setattr(2) has no name in the C library, and a number on each architecture.
_CALLS = {"x86_64": 314, "aarch64": 274}


class _Attributes(ctypes.Structure):
    _fields_ = (
        ("size", ctypes.c_uint32),
        ("policy", ctypes.c_uint32),
        ("flags", ctypes.c_uint64),
        ("nice", ctypes.c_int32),
        ("priority", ctypes.c_uint32),
        ("runtime", ctypes.c_uint64),  # ns; for a normal process its slice
        ("deadline", ctypes.c_uint64),
        ("period", ctypes.c_uint64),
    )


def run_in_short_slices() -> bool:
    """Ask for them for this thread and for what it will start; say whether the kernel took it.

    A kernel before 6.12 takes it and does nothing; another system is not asked.  Whoever was given
    another policy than the normal one keeps it.
    """
    call = _CALLS.get(platform.machine())
    if platform.system() != "Linux" or call is None or os.sched_getscheduler(0) != os.SCHED_OTHER:
        return False
    wanted = _Attributes(
        size=ctypes.sizeof(_Attributes),
        policy=os.SCHED_OTHER,
        nice=os.getpriority(os.PRIO_PROCESS, 0),
        runtime=SLICE_NS,
    )
    system: ctypes.CDLL = ctypes.CDLL(None)
    return system.syscall(ctypes.c_long(call), 0, ctypes.byref(wanted), 0) == 0
