"""A whole province for tests: a temporary directory, free ports, two workers, few people."""

import asyncio
import json
import os
import shutil
import signal
import time
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any, TypeVar

from auth.claims import TOKEN_TYPE
from auth.jose import payload_of, signed
from auth.keys import SigningKeyRing
from gateway.calling.system import System
from gateway.calling.wire import Answer
from gateway.clock import utc_now
from gateway.demo.province import REGISTERS, SEED_FOLDER, Plan, Province
from gateway.demo.witnesses import WITNESSES
from gateway.quota.windows import LOCAL
from tests.audit_rows import connected
from tests.bound import FRONTED, PEERS
from tests.conftest import in_a_loop
from tests.places import a_place

T = TypeVar("T")
PEOPLE = 300
EXTRA = Path(__file__).parent / "e2e" / "catalog.yaml"
LEAVES = """
SELECT convert_from(entry, 'UTF8') FROM audit.entry
WHERE convert_from(entry, 'UTF8')::jsonb #>> '{req,id}' = $1 ORDER BY writer, seq
"""

# Personas of docs/personas.md.
ANH = {"so_dinh_danh": "003190000123", "ho_ten": "Nguyễn Thị Ánh", "ngay_sinh": "1990-02-01"}
AN = {"so_dinh_danh": "003222000090", "ho_ten": "Trần Nguyễn Bảo An", "ngay_sinh": "2022-09-05"}
KHOI = {"so_dinh_danh": "003098000303", "ho_ten": "Lê Minh Khôi", "ngay_sinh": "1998-12-30"}
HUY = {"so_dinh_danh": "003088000451", "ho_ten": "Trần Quốc Huy", "ngay_sinh": "1988-06-17"}

PERMIT = {"purpose": "giai-quyet-tthc", "procedure": "1.013225", "dossier": "H99.30.01-261121-0001"}
MARRIAGE = {**PERMIT, "procedure": "3.000722"}
BANK = "9901234560"


@contextmanager
def a_province(
    *,
    workers: int = 2,
    people: int = PEOPLE,
    kind: type[Province] = Province,
    sign_on: bool = False,
) -> Iterator[Province]:
    """Give a running province of the seed and this folder's extra entries; stop all of it.

    With *sign_on* the stand-in of the sign-on runs, too, and knows the gateway.
    """
    with a_place("motlan-province-", writers_may_linger=True) as directory:
        province = kind(_plan(directory, workers=workers, people=people, sign_on=sign_on))
        try:
            in_thread(province.start)
            yield province
        finally:
            in_thread(province.stop)


def _plan(directory: Path, *, workers: int, people: int, sign_on: bool) -> Plan:
    return Plan(
        directory=directory / "state",
        environ={"PATH": "/usr/bin:/bin", "HOME": str(directory), "PYTHONUNBUFFERED": "1"},
        people=people,
        workers=workers,
        gateway_port=0,
        admin_port=0,
        sign_on_port=0 if sign_on else None,
        certificate_peers=PEERS,
        management_port=0,
        registers=dict.fromkeys(REGISTERS, 0),
        witnesses=dict.fromkeys(WITNESSES, 0),
        catalog=catalog_in(directory / "catalog"),
    )


def in_thread(work: Callable[[], None]) -> None:
    """Run *work*, which has loops of its own, in a thread that has none."""
    in_a_loop(lambda: asyncio.to_thread(work))


def catalog_in(folder: Path) -> Path:
    """Make a catalog of the seed and the extra entries; their window is shut for two days."""
    shutil.copytree(SEED_FOLDER, folder)
    today = utc_now().astimezone(LOCAL).isoweekday()
    shut = str((today + 2) % 7 + 1)
    extra = EXTRA.read_text(encoding="utf-8").replace("SHUT_DAY", shut)
    (folder / "zz-tests.yaml").write_text(extra, encoding="utf-8")
    return folder


def system_of(province: Province, client_id: str) -> System:
    """Return a caller with the key that *client_id* was registered with."""
    key = province.keys[client_id]
    return System(province.gateway, client_id, key, binding=FRONTED)


def token_of_age(province: Province, age_s: int) -> str:
    """Return a token of the permit desk, signed with the province's own key *age_s* ago."""
    claims = json.loads(payload_of(system_of(province, "motcua-xa").token()))
    claims |= {name: claims[name] - age_s for name in ("iat", "exp")}
    ring = SigningKeyRing(province.plan.directory / "keys" / "signing", keep=timedelta(minutes=10))
    ring.ensure(utc_now())
    return signed(json.dumps(claims).encode(), ring.signing(utc_now()), typ=TOKEN_TYPE)


def exchange_of(answer: Answer) -> str:
    """Return the exchange id that every answer of the data route carries."""
    return answer.headers["lgsp-exchange-id"]


def leaves_of(province: Province, exchange: str) -> list[dict[str, Any]]:
    """Return every record about *exchange*."""

    async def read() -> list[dict[str, Any]]:
        async with connected(province.dsn) as connection:
            return [json.loads(row[0]) for row in await connection.fetch(LEAVES, exchange)]

    return in_a_loop(read)


def with_database(province: Province, work: Callable[[Any], Coroutine[Any, Any, T]]) -> T:
    """Run *work* on one connection as the owner."""

    async def run() -> T:
        async with connected(province.dsn) as connection:
            return await work(connection)

    return in_a_loop(run)


def process_of(province: Province, name: str) -> int:
    """Return the process id of a register or of the gateway's supervisor."""
    return next(p.pid for n, p in reversed(province.processes._running) if n == name)


def children(pid: int) -> list[int]:
    """Return the processes that *pid* has started and that still run."""
    try:
        return [int(each) for each in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except (FileNotFoundError, ProcessLookupError):
        return []


def workers_of(province: Province) -> list[int]:
    """Return the process ids of the workers."""
    return [pid for pid in children(process_of(province, "gateway")) if not _keeps(pid)]


def _keeps(pid: int) -> bool:
    return b"gateway.cli.keeping" in Path(f"/proc/{pid}/cmdline").read_bytes()


@contextmanager
def standing_still(pid: int) -> Iterator[None]:
    """Hold a process for a moment, as a busy machine would; then let it go on."""
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


def wait_until(condition: Callable[[], bool], within_s: float = 15.0, step_s: float = 0.05) -> None:
    """Return once *condition* holds; fail when it does not in time."""
    until = time.monotonic() + within_s
    while not condition():
        if time.monotonic() > until:
            raise AssertionError(f"not within {within_s:g} s")
        time.sleep(step_s)
