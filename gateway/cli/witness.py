"""`motlan witness`: an audit office confirms that a log only grows; needs no database."""

import asyncio
import signal
import socket
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import click
import uvicorn
from rich_click import RichGroup

from gateway.cli.answers import Answer, Failed, answering
from gateway.cli.exits import Exit
from gateway.cli.heads import TimelyProtocol
from gateway.cli.listening import listener
from gateway.clock import utc_now
from gateway.witnessing import identity
from gateway.witnessing.files import StoreUnusable, alone
from gateway.witnessing.logs import LogsFile
from gateway.witnessing.server import Decided, WitnessServer
from gateway.witnessing.store import WitnessStore

MOST_AT_ONCE = 64  # connections; one log asks once a minute
KEEP_ALIVE_S = 75  # longer than the minute between two rounds of a log
GRACE_S = 5

# What each result means to whoever watches the terminal; others are faults of this machine.
SAID: dict[str, tuple[str, str]] = {
    "cosigned": ("đã xác nhận", "cosigned"),
    "malformed": ("yêu cầu sai dạng", "malformed request"),
    "log_unknown": ("nhật ký chưa được khai báo", "unknown log"),
    "key_unknown": ("chữ ký không thuộc khoá đã khai báo", "not signed with a known key"),
    "sizes_reversed": ("kích thước đảo ngược", "sizes the wrong way round"),
    "size_other": ("bên gửi cần bắt đầu từ kích thước ta đang giữ", "asked from another size"),
    "root_other": (
        "CẢNH BÁO: cùng số bản ghi nhưng nội dung khác; đã lưu bằng chứng",
        "ALARM: the same size with another root; the evidence is kept",
    ),
    "proof_wrong": (
        "CẢNH BÁO: không chứng minh được nhật ký chỉ nối thêm",
        "ALARM: no proof that the log only grew",
    ),
}

STORE = click.option(
    "--store",
    type=click.Path(file_okay=False, path_type=Path),
    required=True,
    help="Directory of this witness: its keys and its memory.",
)


@click.group(cls=RichGroup)
def witness() -> None:
    """Confirm that the logs of others only grow (C2SP tlog-witness)."""


@witness.command()
@STORE
@click.option("--name", required=True, help="Name for signature lines, such as example.org/w1.")
@answering
def keygen(store: Path, name: str) -> Answer:
    """Make a witness, once: a store with two keys of its own.

    Never put an older copy of a store back: it would confirm what its keys have contradicted.
    """
    return _keys(_made(store, name), "Đã tạo bên làm chứng / a witness was made")


@witness.command()
@STORE
@answering
def vkey(store: Path) -> Answer:
    """Print the public keys, for the policies of logs and of whoever checks their proofs."""
    return _keys(_loaded(store), "")


@witness.command()
@STORE
@click.option(
    "--logs",
    type=click.Path(dir_okay=False, path_type=Path),
    required=True,
    help="File with a line `log <vkey>` for each log; read again when it changes.",
)
@click.option("--listen", default="127.0.0.1:8200", show_default=True, help="Address and port.")
@answering
def serve(store: Path, logs: Path, listen: str) -> Answer:
    """Confirm checkpoints until SIGTERM or Ctrl-C."""
    who = _loaded(store)
    try:
        with alone(store):
            known = LogsFile(logs)
            app = WitnessServer(who.vkeys, WitnessStore(store, who, _time_s), known, _tell)
            served = listener(*_address(listen), MOST_AT_ONCE, "--listen")
            click.echo(f"Bên làm chứng {who.name} nghe tại {listen} / listening")
            for origin in known.current():
                click.echo(f"  theo dõi / watches {origin}")
            asyncio.run(_serve(app, served))
    except StoreUnusable as odd:
        raise Failed(Exit.REFUSED, str(odd)) from odd
    return Answer({"stopped": True}, "")


class _Server(uvicorn.Server):
    """A server that ends with a code, not with the signal that asked it to end."""

    @contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        """End in good order at SIGTERM and SIGINT."""
        loop = asyncio.get_running_loop()
        for each in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(each, self.handle_exit, each, None)
        yield


async def _serve(app: WitnessServer, listener: socket.socket) -> None:
    """Serve until told to stop."""
    config = uvicorn.Config(
        app,
        http=TimelyProtocol,
        access_log=False,
        log_config=None,
        lifespan="off",
        ws="none",
        proxy_headers=False,
        server_header=False,
        limit_concurrency=MOST_AT_ONCE,
        timeout_keep_alive=KEEP_ALIVE_S,
        timeout_graceful_shutdown=GRACE_S,
    )
    await _Server(config).serve([listener])


def _tell(decided: Decided) -> None:
    """Print one line for one request; it holds no address, and a log holds no person."""
    vi, en = SAID.get(decided.result, ("CẢNH BÁO: máy này không ký được", decided.result))
    stamp = utc_now().strftime("%Y-%m-%d %H:%M:%S")
    about = f"{decided.origin or '?'} {'' if decided.size is None else decided.size}".strip()
    click.echo(f"{stamp}Z  {about}  {vi} / {en}")


def _time_s() -> int:
    return int(utc_now().timestamp())


def _made(store: Path, name: str) -> identity.Identity:
    try:
        return identity.create(store, name)
    except (StoreUnusable, OSError) as odd:
        raise Failed(Exit.REFUSED, str(odd)) from odd


def _loaded(store: Path) -> identity.Identity:
    try:
        return identity.load(store)
    except StoreUnusable as odd:
        raise Failed(Exit.REFUSED, str(odd)) from odd


def _keys(who: identity.Identity, said: str) -> Answer:
    keys = [str(key) for key in who.vkeys]
    return Answer({"name": who.name, "vkeys": keys}, "\n".join([*([said] if said else []), *keys]))


def _address(listen: str) -> tuple[str, int]:
    host, found, port = listen.rpartition(":")
    if not found or not port.isdecimal() or int(port) > 65_535:  # noqa: PLR2004
        raise Failed(Exit.USAGE, f"{listen} is not an address and a port, such as 127.0.0.1:8200")
    return host.strip("[]"), int(port)
