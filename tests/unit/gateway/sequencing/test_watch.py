"""When trouble with a writer becomes damage, and when it is over."""

from datetime import date

import pytest

from gateway.sequencing.prefix import Cursor, Damage
from gateway.sequencing.standing import Stopped
from gateway.sequencing.watch import LOOK_AGAIN_S, PATIENCE_S, Watch

CURSOR = Cursor("gw1.0", date(2026, 11, 21), 7)


@pytest.mark.parametrize("damage", [Damage.GAP, Damage.TAIL])
def test_what_may_still_come_is_waited_for(damage: Damage) -> None:
    """A writer stores its last minute again after a failover."""
    watch = Watch()
    watch.troubled(CURSOR, damage, 100.0)
    assert () == watch.stopped

    watch.troubled(CURSOR, damage, 100.0 + PATIENCE_S)

    assert (Stopped("gw1.0", 7, damage),) == watch.stopped


@pytest.mark.parametrize("damage", [Damage.HASH, Damage.LINK, Damage.BEYOND])
def test_what_cannot_become_right_stops_at_once(damage: Damage) -> None:
    """No time makes a wrong hash right."""
    watch = Watch()

    watch.troubled(CURSOR, damage, 100.0)

    assert (Stopped("gw1.0", 7, damage),) == watch.stopped


def test_trouble_that_passed_begins_anew() -> None:
    """Two short gaps an hour apart are not one long one."""
    watch = Watch()
    watch.troubled(CURSOR, Damage.GAP, 0.0)
    watch.well("gw1.0")
    watch.troubled(CURSOR, Damage.GAP, 3_600.0)

    assert () == watch.stopped


def test_a_stopped_writer_is_looked_at_now_and_then() -> None:
    """Its rows may have been restored; reading them ten times a second helps nobody."""
    watch = Watch()
    assert watch.due("gw1.0", 0.0)
    watch.troubled(CURSOR, Damage.HASH, 0.0)

    assert not watch.due("gw1.0", LOOK_AGAIN_S / 2)
    assert watch.due("gw1.0", LOOK_AGAIN_S)
    assert not watch.due("gw1.0", LOOK_AGAIN_S + 0.1)
    assert watch.due("gw2.0", 0.0)
    watch.look_again()
    assert watch.due("gw1.0", LOOK_AGAIN_S + 0.2)
    watch.well("gw1.0")
    assert () == watch.stopped
