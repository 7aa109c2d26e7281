"""How much a follower of the tree takes at once, and how long it rests then; pure.

Exchanges come first: a follower's portions are small, and between them it rests longer than it
worked, so that whoever waits for the processor, or for the disk behind its commit, has a turn.
The further behind it is, the less it rests; far behind, it does nothing but catch up.
"""

LEAST, MOST = 128, 512  # records of one portion: two milliseconds of work, and far behind more
FAR = 6_000  # leaves: four seconds of a busy province
RESTS = 3.0  # rests for each work, near the end: a quarter of one processor


def portion(behind: int) -> int:
    """Return how many records to take at once, with *behind* leaves still to follow."""
    return MOST if behind >= FAR else LEAST


def breath(worked_s: float, behind: int) -> float:
    """Return how long to rest, seconds, after a portion that took *worked_s*.

    Args:
        worked_s: by the clock on the wall: where others were waited for, more rest is due.
        behind: leaves still to follow.
    """
    return worked_s * RESTS * max(0.0, 1 - behind / FAR)
