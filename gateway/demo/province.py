"""A province on one machine: PostgreSQL, four registers, the gateway, and systems with keys."""

import asyncio
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from auth import registrations
from auth.client import ClientKey, new_client_key, private_pem
from auth.repository import SystemRepository
from auth.systems import Note, Registration
from catalog.documents import Documents, read_folder
from catalog.entries import Agency, Agreement
from catalog.repository import CatalogRepository, TwoPeople
from gateway import database, migrating
from gateway.clock import utc_now
from gateway.demo.configuration import Places, configuration
from gateway.demo.operators import first_operators
from gateway.demo.processes import Processes, free_port
from gateway.demo.sign_on import SIGN_ON_PORT, DemoSignOn
from gateway.demo.witnesses import WITNESSES, DemoWitnesses
from gateway.embedded import EmbeddedPostgres
from gateway.quota.windows import LOCAL

REGISTERS = {"population": 9101, "land": 9102, "insurance": 9103, "civil": 9104}
GATEWAY_PORT, ADMIN_PORT, MANAGEMENT_PORT, KEEPER_PORT = 8100, 8200, 9000, 9080
SEED_FOLDER = Path("deploy/seed")
REGISTER_S, GATEWAY_S = 60.0, 30.0  # a first start builds the province
PUBLISHER, APPROVER = "can-bo-danh-muc", "lanh-dao-phe-duyet"  # two made-up staff ids


@dataclass(slots=True, kw_only=True)
class Plan:
    """What to build, and where."""

    directory: Path  # everything the demo makes
    environ: Mapping[str, str]  # what its processes inherit
    people: int = 5_000
    seed: int = 20261121
    workers: int = 2
    dsn: str | None = None  # None: a PostgreSQL of our own
    gateway_port: int = GATEWAY_PORT
    admin_port: int = ADMIN_PORT
    management_port: int = MANAGEMENT_PORT
    keeper_port: int = KEEPER_PORT
    registers: Mapping[str, int] = field(default_factory=lambda: dict(REGISTERS))
    witnesses: Mapping[str, int] = field(default_factory=lambda: dict(WITNESSES))
    sign_on_port: int | None = SIGN_ON_PORT  # None: nobody signs on
    certificate_peers: tuple[str, ...] = ()  # a demo has no proxy in front, tests play one
    catalog: Path = SEED_FOLDER


class Province:
    """Builds the province, starts it, stops it; starting twice changes nothing."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.processes = Processes(plan.directory / "logs")
        self.witnesses = DemoWitnesses(
            plan.directory / "witnesses", plan.directory / "keys" / "log"
        )
        self.sign_on = DemoSignOn(plan.directory)
        self.keys: dict[str, ClientKey] = {}
        self.registers: dict[str, str] = {}
        self.gateway = ""
        self.admin = ""
        self.management = ""
        self.keeper = ""
        self.dsn = ""
        self._postgres: EmbeddedPostgres | None = None

    def start(self) -> None:
        """Bring everything up; raise NotReady when a process does not come up."""
        self.plan.directory.mkdir(parents=True, exist_ok=True)
        self.start_registers()
        self.witnesses.start(self.processes, self.plan.witnesses, self.plan.environ)
        self.prepare()
        self.start_gateway()

    def start_registers(self) -> None:
        """Start the four registers, each a process of its own."""
        for name, wanted in self.plan.registers.items():
            port = free_port(wanted)
            self.registers[name] = f"http://127.0.0.1:{port}"
            command = [sys.executable, "-m", "mocks", name, "--port", str(port)]
            sizes = ["--people", str(self.plan.people), "--seed", str(self.plan.seed)]
            store = ["--store", str(self.plan.directory / "registers")]
            self.processes.start(name, [*command, *sizes, *store], self.plan.environ)

    def prepare(self) -> None:
        """Have a migrated database with the seed and the systems, and the systems' keys."""
        self.dsn = self.plan.dsn or self._own_postgres()
        documents = read_folder(self.plan.catalog)
        self.keys = self._client_keys(documents)
        if self.plan.sign_on_port is not None:
            self.sign_on.settle(self.plan.sign_on_port)
        asyncio.run(self._fill(documents))

    def start_gateway(self) -> None:
        """Start the gateway and wait until it is ready, and the registers with it."""
        for name, url in self.registers.items():
            self.processes.await_answer(name, f"{url}/__health", within_s=REGISTER_S)
        self.witnesses.await_up(self.processes)
        port = free_port(self.plan.gateway_port)
        management = free_port(self.plan.management_port)
        self.gateway = f"http://127.0.0.1:{port}"
        self.admin = f"http://127.0.0.1:{free_port(self.plan.admin_port)}"
        self.management = f"http://127.0.0.1:{management}"
        self.keeper = f"http://127.0.0.1:{free_port(self.plan.keeper_port)}"
        self._start_sign_on()
        self.processes.start(
            "gateway", [sys.executable, "-m", "gateway", "serve"], self.environment()
        )
        self.sign_on.await_up(self.processes)
        ready = f"{self.management}/health/ready"
        self.processes.await_answer("gateway", ready, within_s=GATEWAY_S)

    def _start_sign_on(self) -> None:
        """Start the stand-in of the sign-on; it knows the gateway, and systems that officials use.

        A system at which officials sign on has the client id there that it has here: what it is
        given for an official can then be exchanged by it alone.
        """
        if self.sign_on.url is not None:
            at = (self.gateway, self.admin)
            self.sign_on.start(self.processes, self.plan.environ, at, self.keys)

    def environment(self) -> dict[str, str]:
        """Return the variables that the gateway runs with: one names the written settings."""
        path = self.plan.directory / "motlan.toml"
        places = Places(
            keys=self.plan.directory / "keys",
            dsn=self.dsn,
            gateway=self.gateway,
            admin=self.admin,
            management=self.management,
            keeper=self.keeper,
            registers=self.registers,
            policy=self.witnesses.policy_file if self.witnesses.urls else None,
            sign_on=self.sign_on.url,
            certificate_peers=self.plan.certificate_peers,
            workers=self.plan.workers,
        )
        path.write_text(configuration(places), encoding="utf-8")
        kept = {name: value for name, value in self.plan.environ.items() if "MOTLAN_" not in name}
        return kept | {"MOTLAN_CONFIG": str(path)}

    def stop(self) -> None:
        """Stop everything that was started."""
        self.processes.stop()
        if self._postgres is not None:
            self._postgres.leave()
            self._postgres = None

    def _own_postgres(self) -> str:
        self._postgres = EmbeddedPostgres(self.plan.directory / "postgres")
        return self._postgres.start()

    async def _fill(self, documents: Documents) -> None:
        await migrating.upgrade(self.dsn)
        engine = database.engine(self.dsn, role=None)
        try:
            today = utc_now().astimezone(LOCAL).date()
            async with database.transaction(engine) as session:
                people = TwoPeople(PUBLISHER, APPROVER)
                await CatalogRepository(session).apply(documents, people, today=today)
            async with database.transaction(engine) as session:
                note = Note(PUBLISHER, "Hệ thống của bản trình diễn", utc_now(), APPROVER)
                for registration in self._registrations(documents):
                    await registrations.apply(SystemRepository(session), registration, note)
            if self.plan.sign_on_port is not None:
                await first_operators(
                    lambda: database.transaction(engine),
                    self.plan.directory / "keys",
                    people=(PUBLISHER, APPROVER),
                    moved=self.sign_on.moved,
                    now=utc_now(),
                )
        finally:
            await engine.dispose()

    def _registrations(self, documents: Documents) -> list[Registration]:
        names: dict[str, Agency] = {
            each.entry.code: each.entry
            for each in documents.items
            if isinstance(each.entry, Agency)
        }
        return [
            Registration(
                client_id=client_id,
                agency=agency,
                name_vi=f"Hệ thống {client_id}, {names[agency].name_vi}",
                name_en=f"System {client_id}, {names[agency].name_en}",
                jwks=(self.keys[client_id].public,),
                sandbox=True,
            )
            for client_id, agency in sorted(systems_of(documents).items())
        ]

    def _client_keys(self, documents: Documents) -> dict[str, ClientKey]:
        """Return the systems' keys, made once and kept where only we read them."""
        folder = self.plan.directory / "clients"
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        return {
            client_id: _kept_key(folder / f"{client_id}.json")
            for client_id in systems_of(documents)
        }


def systems_of(documents: Documents) -> dict[str, str]:
    """Return the systems that the agreements name, each with its agency."""
    return {
        system: each.entry.consumer
        for each in documents.items
        if isinstance(each.entry, Agreement)
        for system in each.entry.systems
    }


def _kept_key(path: Path) -> ClientKey:
    """Return the key in *path*, made now if need be; beside it lies the same key for openssl."""
    made = path.exists()
    key = msgspec.json.decode(path.read_bytes(), type=ClientKey) if made else new_client_key()
    contents = {path: msgspec.json.encode(key), path.with_suffix(".pem"): private_pem(key.private)}
    for file, content in contents.items():
        if not file.exists():
            file.touch(mode=0o600)
            file.write_bytes(content)
    return key
