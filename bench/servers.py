"""What is measured: the gateway, its floor, bare nginx, Fastify that checks; one upstream."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from string import Template
from typing import Self

from bench.load import Load, Peer, cpu_s, saturated
from gateway.calling.system import System
from gateway.calling.wire import send
from gateway.clock import utc_now
from gateway.demo.fronting import Certificate, self_made
from gateway.demo.processes import free_port
from gateway.demo.province import Plan, Province
from gateway.embedded import EmbeddedPostgres

SERVING_CORE = 0
HERE = Path(__file__).parent
FASTIFY = HERE / "fastify"
PEOPLE = 300
PARCEL = {"ma_xa": "99003", "so_to": "12", "so_thua": "207"}
QUESTION = {
    "subject": PARCEL,
    "purpose": "giai-quyet-tthc",
    "procedure": "1.013225",
    "dossier": "H99.30.01-261121-0001",
}
LAND_QUESTION = {
    "xaId": "99003",
    "soHieuToBanDo": "12",
    "soThuTuThua": "207",
    "trang": 1,
    "kichThuoc": 20,
}
LAND_HEADERS = {
    "X-API-Key": "land-demo-key",
    "X-Don-Vi": "H99",
    "Content-Type": "application/json",
}


class Bench:
    """Starts everything on the loopback, and stops it."""

    def __init__(self, folder: Path, environ: Mapping[str, str]) -> None:
        self._folder = folder
        plan = Plan(
            directory=folder / "province", environ=environ, people=PEOPLE, workers=1,
            gateway_port=0, admin_port=0, management_port=0, sign_on_port=None,
            certificate_peers=("127.0.0.0/8",),
            registers=dict.fromkeys(("population", "land", "insurance", "civil"), 0),
        )  # fmt: skip
        self.province = Province(plan)
        self.peers: list[Peer] = []
        self.dsn = ""
        self._started: list[subprocess.Popen[bytes]] = []
        self._worker = 0

    def __enter__(self) -> Self:
        """Bring everything up."""
        try:
            self._start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        """Stop everything."""
        for process in reversed(self._started):
            process.terminate()
            process.wait(10)
        self.province.stop()

    def _start(self) -> None:
        province = self.province
        province.start_registers()
        province.prepare()
        self.dsn = province.dsn
        for name, url in province.registers.items():
            province.processes.await_answer(name, f"{url}/__health", within_s=60)
        self._start_nginx(self._canned_answer())
        province.start_gateway()
        self._worker = _only_child(province.processes.pid("gateway"))
        pin(self._worker)
        self._start_fastify()
        self._start_granian()
        self._start_floor()
        token = self._asking().headers("POST", "")
        gateway = f"{province.gateway}/v1/data/datdai.thua"
        proxied = f"{self._nginx}/api/v1/thua-dat/tim-kiem"
        self.peers = [
            Peer("gateway", gateway, (self._worker,), QUESTION, token),
            Peer(
                "granian", f"{self._granian}/v1/data/datdai.thua", (self._other,), QUESTION, token
            ),
            Peer("fastify", f"{self._fastify}/v1/data/datdai.thua", (self._node,), QUESTION, token),
            Peer("nginx", proxied, (self._proxy,), QUESTION, token),
            Peer("floor", self._floor, (self._bare,), QUESTION, token),
        ]

    def _asking(self) -> System:
        """Return a caller whose requests are all alike, so that the gateway alone is measured."""
        key = self.province.keys["motcua-xa"]
        binding = Certificate(self_made("bench", utc_now()))
        return System(self.province.gateway, "motcua-xa", key, binding=binding)

    def _canned_answer(self) -> str:
        """Return what the land register really says; nginx will say it faster."""
        path = "/api/v1/thua-dat/tim-kiem"
        content = json.dumps(LAND_QUESTION).encode()
        answer = send(self.province.registers["land"], "POST", path, content, LAND_HEADERS)
        return json.dumps(answer.body, ensure_ascii=False)

    def _start_nginx(self, canned: str) -> None:
        """Serve the canned answer on one port, and proxy to it, bare, on another."""
        upstream, proxy = free_port(0), free_port(0)
        self.province.registers["land"] = f"http://127.0.0.1:{upstream}"
        self._nginx = f"http://127.0.0.1:{proxy}"
        template = Template((HERE / "nginx.conf.template").read_text())
        processes: list[int] = []
        for name in ("upstream", "proxy"):
            folder = self._folder / name
            folder.mkdir()
            text = template.substitute(
                folder=folder, upstream=upstream, proxy=proxy, canned=canned.replace("'", "\\'"),
                listen=upstream if name == "upstream" else proxy, location=name,
            )  # fmt: skip
            (folder / "nginx.conf").write_text(text)
            process = self._run(["nginx", "-c", str(folder / "nginx.conf")], folder / "log")
            processes.append(process.pid)
            _await_port(upstream if name == "upstream" else proxy)
        self._proxy = _only_child(processes[1])
        pin(self._proxy)

    def _start_fastify(self) -> None:
        if not (FASTIFY / "node_modules").is_dir():
            subprocess.run(["npm", "ci", "--silent"], cwd=FASTIFY, check=True, timeout=300)
        port = free_port(0)
        self._fastify = f"http://127.0.0.1:{port}"
        jwks = self._folder / "jwks.json"
        keys = send(self.province.gateway, "GET", "/oauth/jwks")
        jwks.write_text(json.dumps(keys.body))
        issuer, upstream = self.province.gateway, self.province.registers["land"]
        command = ["node", "server.js", str(port), upstream, str(jwks), issuer, issuer]
        process = self._run(command, self._folder / "fastify.log", cwd=FASTIFY)
        self._node = process.pid
        _await_port(port)
        pin(self._node)

    def _start_granian(self) -> None:
        """Serve the same application by another server, on the same settings."""
        port = free_port(0)
        self._granian = f"http://127.0.0.1:{port}"
        command = [
            sys.executable, "-m", "granian", "--interface", "asgi", "--factory", "--loop", "uvloop",
            "--workers", "1", "--host", "127.0.0.1", "--port", str(port), "--no-access-log",
            "gateway.app:create",
        ]  # fmt: skip
        process = self._run(command, self._folder / "granian.log", env=self.province.environment())
        _await_port(port, 60)
        self._other = _only_child(process.pid)
        for task in Path(f"/proc/{self._other}/task").iterdir():
            pin(int(task.name))

    def _start_floor(self) -> None:
        """Serve what our transport costs without a stage (`bench.floor`)."""
        port = free_port(0)
        self._floor = f"http://127.0.0.1:{port}/v1/data/datdai.thua"
        command = [sys.executable, "-m", "bench.floor", str(port), self.province.registers["land"]]
        self._bare = self._run(command, self._folder / "floor.log").pid
        _await_port(port)
        pin(self._bare)

    def _run(
        self,
        command: list[str],
        log: Path,
        cwd: Path | None = None,
        env: Mapping[str, str] | None = None,
    ) -> subprocess.Popen[bytes]:
        with log.open("ab") as output:
            process = subprocess.Popen(command, cwd=cwd, env=env, stdout=output, stderr=output)
        self._started.append(process)
        return process

    @property
    def superuser_dsn(self) -> str:
        """Return the address by which triggers may be put to rest."""
        return EmbeddedPostgres(self.province.plan.directory / "postgres").dsn(user="postgres")

    def worker_mib(self) -> float:
        """Return the resident memory of the gateway's worker, MiB."""
        status = Path(f"/proc/{self._worker}/status").read_text()
        kib = next(line for line in status.splitlines() if line.startswith("VmRSS:")).split()[1]
        return int(kib) / 1024

    def postgres_cpu_us(self, seconds: int) -> float:
        """Return what PostgreSQL needs for each exchange, microseconds of CPU.

        Its helpers come and go; those count that are there all the while.
        """
        pids = _tree(int((self._postgres_folder() / "postmaster.pid").read_text().split()[0]))
        before = {pid: cpu_s((pid,)) for pid in pids if Path(f"/proc/{pid}").exists()}
        done = saturated(self.peers[0], Load(seconds, 32))
        lasting = [pid for pid in before if Path(f"/proc/{pid}").exists()]
        used = sum(cpu_s((pid,)) - before[pid] for pid in lasting)
        return used / (done.calls_per_s * seconds) * 1e6

    def _postgres_folder(self) -> Path:
        root = self.province.plan.directory / "postgres"
        return next(path.parent for path in root.rglob("postmaster.pid"))


def pin(pid: int) -> None:
    """Keep *pid* on the serving core."""
    os.sched_setaffinity(pid, {SERVING_CORE})


def _tree(pid: int) -> tuple[int, ...]:
    found = [pid]
    for parent in found:
        children = Path(f"/proc/{parent}/task/{parent}/children")
        found.extend(int(child) for child in children.read_text().split())
    return tuple(found)


def _keeps(pid: int) -> bool:
    """Say whether *pid* is the keeper, which serves nobody."""
    return b"gateway.cli.keeping" in Path(f"/proc/{pid}/cmdline").read_bytes()


def _only_child(pid: int) -> int:
    """Return the one process that *pid* started and that serves."""
    until = time.monotonic() + 10
    while time.monotonic() < until:
        children = [child for child in _tree(pid)[1:] if not _keeps(child)]
        if children:
            return children[-1]
        time.sleep(0.05)
    sys.exit(f"process {pid} has no worker")


def _await_port(port: int, within_s: int = 20) -> None:
    import socket  # noqa: PLC0415

    until = time.monotonic() + within_s
    while time.monotonic() < until:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    sys.exit(f"nobody listens on {port}")
