"""No witness is left: data flow, somebody is called, and strict services stop (fault row 13)."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from gateway.calling.wire import Answer
from gateway.demo.province import Province
from tests.province import (
    ANH,
    PERMIT,
    a_province,
    process_of,
    standing_still,
    system_of,
    wait_until,
)

LIMIT_S, ALARM_S = 9.0, 4.0
HOUSES = ("witness-kiem-toan", "witness-dai-hoc")
SOCIAL = {"purpose": "giai-quyet-tthc", "procedure": "1.001613", "dossier": "H99.18-261121-0001"}


class Impatient(Province):
    """A province whose strict services wait for witnesses for seconds, not for hours."""

    def environment(self) -> dict[str, str]:
        """Return the usual variables, and shorter times."""
        return super().environment() | {
            "MOTLAN_WITNESSES__MAX_UNWITNESSED_S": str(LIMIT_S),
            "MOTLAN_WITNESSES__ALARM_S": str(ALARM_S),
            "MOTLAN_WITNESSES__DEADLINE_S": "1",
        }


@pytest.fixture(scope="module")
def province() -> Iterator[Province]:
    """Give a running province of its own."""
    with a_province(kind=Impatient, workers=1) as running:
        yield running


def strict(province: Province) -> Answer:
    """Ask for a contribution history, which is announced in the record before it is asked for."""
    question = {"subject": ANH, **SOCIAL, "fields": ["ma_so_bhxh"]}
    return system_of(province, "bhxh-tinh").ask("baohiem.quatrinh", question)


def ordinary(province: Province) -> Answer:
    """Ask whether a name is right."""
    return system_of(province, "motcua-xa").ask("dancu.xacthuc", {"subject": ANH, **PERMIT})


def logged(province: Province) -> str:
    """Return what the gateway has written."""
    return Path(province.processes.log("gateway")).read_text("utf-8")


def alarms(province: Province) -> int:
    """Return how often somebody was called."""
    return logged(province).count('"witness.quorum_overdue"')


def test_without_witnesses_only_strict_services_stop_and_they_come_back(
    province: Province,
) -> None:
    """For hours nothing stops; then what matters most does, and nobody has to restart anything."""
    wait_until(lambda: strict(province).code == "ok")
    before = alarms(province)
    with ExitStack() as stopped:
        for house in HOUSES:
            stopped.enter_context(standing_still(process_of(province, house)))
        assert "ok" == strict(province).code

        wait_until(lambda: alarms(province) > before, within_s=15)
        wait_until(lambda: strict(province).code == "witness_overdue", within_s=20)
        refused = strict(province)
        assert 503 == refused.status
        assert "làm chứng" in str(refused.body["title_vi"])
        assert "ok" == ordinary(province).code

    wait_until(lambda: strict(province).code == "ok", within_s=20)
    assert before + 1 == alarms(province)
    wait_until(lambda: "witness.quorum_again" in logged(province), within_s=10)
