"""Registers on sockets: in this process for tests, from the command line for everybody else."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

from mocks import civil, insurance, land, population, population_records, store
from mocks.config import Config
from mocks.doors import Doors
from mocks.province import PEOPLE, SEED
from mocks.server import Connection
from mocks.wire import Register

PORTS = {"population": 9101, "land": 9102, "insurance": 9103, "civil": 9104}
LOOPBACK = "127.0.0.1"
_FILLS: dict[str, store.Fill] = {
    "population": population_records.fill,
    "land": land.fill,
    "insurance": insurance.fill,
    "civil": civil.fill,
}


def register(name: str, directory: Path, config: Config, *, seed: int, people: int) -> Register:
    """Return the register called *name* over its store in *directory*."""
    rows = store.opened(directory, name, _FILLS[name], seed=seed, people=people)
    match name:
        case "population":
            return population.PopulationRegister(rows, config.population)
        case "land":
            return land.LandRegister(rows, config.land)
        case "insurance":
            return insurance.InsuranceRegister(rows, config.insurance)
        case _:
            return civil.CivilRegister(rows, config.civil)


@asynccontextmanager
async def serving(
    name: str,
    directory: Path,
    *,
    port: int = 0,
    people: int = PEOPLE,
    seed: int = SEED,
    config: Config | None = None,
) -> AsyncGenerator[str]:
    """Serve one register on the loopback while the block runs; give its base URL.

    Args:
        name: population, land, insurance or civil; KeyError otherwise.
        directory: where its store is, or will be built.
        port: 0 takes any free one.
        people: inhabitants of the province.
        seed: which province.
        config: who may call; the demo values when left out.
    """
    answering = register(name, directory, config or Config(), seed=seed, people=people)
    doors = Doors(name, people, seed)
    open_now: set[Connection] = set()
    loop = asyncio.get_running_loop()
    server = await loop.create_server(
        lambda: Connection(answering, doors, open_now), LOOPBACK, port
    )
    try:
        yield f"http://{LOOPBACK}:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()
        for connection in tuple(open_now):
            connection.transport.abort()
        await server.wait_closed()
        answering.close()
