"""The four connectors, each through both transports, against the suite that others import."""

import msgspec
import pytest

from adapters.conformance import CHECKS, Check, fault_is_named
from adapters.errors import SourceMalformed
from adapters.protocol import Query, SourceAdapter
from tests.connectors import a_query, an_adapter, order, subject_of

SERVICES = {
    "population": ("dancu.tracuu", ("ho_ten", "ngay_sinh", "thuong_tru")),
    "land": ("datdai.gcn", ("so_phat_hanh", "ngay_cap", "chu_su_dung")),
    "insurance": ("baohiem.the", ("so_the_bhyt", "tu_ngay", "den_ngay")),
    "civil": ("hotich.kethon", ("so_ket_hon", "ngay_dang_ky", "vo_chong")),
}


class RegisterRig:
    """A stand-in register and questions to it."""

    def __init__(self, name: str, url: str, transport: str) -> None:
        self._name = name
        self._url = url
        self._transport = transport

    def make(self) -> SourceAdapter:
        """Return a fresh connector that neither retries nor rests: each check is about one call."""
        return an_adapter(
            self._name,
            self._url,
            transport=self._transport,
            retries=0,
            breaker={"failures": 1000},
        )

    def known(self) -> Query:
        """Ask about the hero."""
        service, fields = SERVICES[self._name]
        return a_query(service, subject_of("p01"), *fields)

    def unknown(self) -> Query:
        """Ask about nobody."""
        subject = msgspec.structs.replace(self.known().subject, so_dinh_danh="003190888888")
        return msgspec.structs.replace(self.known(), subject=subject)

    async def misbehave(self, fault: str) -> None:
        """Let every data answer go wrong."""
        await order(self._url, fault, -1)

    async def mend(self) -> None:
        """Let them be right again."""
        await order(self._url, "silent", 0)


@pytest.fixture(params=SERVICES, ids=list(SERVICES))
def name(request: pytest.FixtureRequest) -> str:
    """Give each register in turn."""
    return request.param


@pytest.mark.parametrize("transport", ["fast", "httpx"])
@pytest.mark.parametrize("check", CHECKS.values(), ids=CHECKS.keys())
async def test_a_connector_does_what_every_connector_must(
    registers: dict[str, str], name: str, transport: str, check: Check
) -> None:
    """One suite for ours and for anybody's."""
    await check(RegisterRig(name, registers[name], transport))


async def test_a_web_page_is_no_answer(registers: dict[str, str], name: str) -> None:
    """A login page in between answers 200, too."""
    rig = RegisterRig(name, registers[name], "fast")
    await fault_is_named("wrong-content-type", SourceMalformed)(rig)
