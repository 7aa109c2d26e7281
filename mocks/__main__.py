"""`python -m mocks population --port 9101`: run one register, all four, or the sign-on."""

import argparse
import asyncio
import signal
import sys
from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from pathlib import Path

import msgspec
import uvloop

from mocks.config import Config, load
from mocks.province import PEOPLE, SEED
from mocks.serving import PORTS, serving
from mocks.sso import serving as sso

ALL = "all"
SSO = "sso"  # no register: "all" leaves it out, and it keeps nothing in a store
FEWEST_PEOPLE = 24  # the personas


def _arguments(given: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m mocks", description=__doc__)
    parser.add_argument("register", choices=[*PORTS, ALL, SSO])
    parser.add_argument(
        "--port", type=int, help="0 takes any free one; with 'all', the first of four"
    )
    parser.add_argument(
        "--people", type=int, default=PEOPLE, help=f"inhabitants, at least {FEWEST_PEOPLE}"
    )
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument(
        "--store", type=Path, default=Path(".motlan/mocks"), help="directory of the stores"
    )
    parser.add_argument("--config", type=Path, help="JSON file: who may call")
    read = parser.parse_args(given)
    if read.people < FEWEST_PEOPLE:
        parser.error(f"--people must be at least {FEWEST_PEOPLE}")
    return read


def _port(name: str, first: int | None) -> int:
    if first is None:
        return PORTS[name]
    return first + list(PORTS).index(name) if first else 0


async def _run(read: argparse.Namespace, config: Config) -> None:
    names = list(PORTS) if read.register == ALL else [read.register]
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for wanted in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(wanted, stop.set)
    async with AsyncExitStack() as stack:
        for name in names:
            url = await stack.enter_async_context(_serving(name, read, config))
            print(f"{name} ready on {url}", flush=True)
        await stop.wait()


def _serving(
    name: str, read: argparse.Namespace, config: Config
) -> AbstractAsyncContextManager[str]:
    if name == SSO:
        return sso.serving(config.sso, port=sso.PORT if read.port is None else read.port)
    port = _port(name, read.port) if read.register == ALL else _one(name, read.port)
    return serving(name, read.store, port=port, people=read.people, seed=read.seed, config=config)


def _one(name: str, port: int | None) -> int:
    return PORTS[name] if port is None else port


def main(given: Sequence[str] | None = None) -> int:
    """Run until SIGINT or SIGTERM; return 2 when the configuration or port cannot work."""
    read = _arguments(given)
    try:
        config = load(read.config)
        uvloop.run(_run(read, config))
    except (OSError, msgspec.DecodeError) as wrong:
        print(f"mocks: {wrong}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
