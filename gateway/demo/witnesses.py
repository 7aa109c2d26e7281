"""The demo's two witnesses: processes and stores of their own, and the policy that names them."""

import sys
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path

from gateway.clock import utc_now
from gateway.demo.processes import Processes, free_port
from gateway.sequencing.keys import LogKeys
from gateway.settings_record import Tree
from gateway.tlog.policies import Group, Log, Policy, Witness
from gateway.tlog.vkeys import parse_vkey
from gateway.witnessing import identity

WITNESSES = {"kiem-toan": 9201, "dai-hoc": 9202}  # an audit office, a university
ROUND_S = 2.0  # so that whoever watches need not wait a minute
UP_S = 20.0


class DemoWitnesses:
    """Makes two witnesses once, starts them, and writes whom to trust."""

    def __init__(self, directory: Path, keys: Path) -> None:
        """Keep everything in *directory*; the log's keys are in *keys*, made here if missing."""
        self.policy_file = directory / "policy"
        self.urls: dict[str, str] = {}
        self._directory = directory
        self._keys = keys

    def start(
        self, processes: Processes, ports: Mapping[str, int], environ: Mapping[str, str]
    ) -> None:
        """Start both, telling them of our log; then the policy names them and the log."""
        self._directory.mkdir(parents=True, exist_ok=True)
        logs = [Log(parse_vkey(key)) for key in self._log_keys()]
        known = self._directory / "logs"
        known.write_text("".join(f"log {each.key}\n" for each in logs), encoding="utf-8")
        witnesses: dict[str, Witness] = {}
        for name, wanted in ports.items():
            store = self._directory / name
            listen = f"127.0.0.1:{free_port(wanted)}"
            self.urls[name] = f"http://{listen}"
            ed25519, ml_dsa = self._identity(store, name).vkeys
            witnesses[name] = Witness(name, ed25519, self.urls[name])
            witnesses[f"{name}-pq"] = Witness(f"{name}-pq", ml_dsa, self.urls[name])
            serve = ["serve", "--store", str(store), "--logs", str(known), "--listen", listen]
            command = [sys.executable, "-m", "gateway", "witness", *serve]
            processes.start(f"witness-{name}", command, environ)
        # The quorum asks for Ed25519, which every program verifies; the other keys sign as well.
        groups = {"hai-ben": Group("hai-ben", len(ports), tuple(ports))}
        policy = Policy(tuple(logs), witnesses, groups, "hai-ben")
        self.policy_file.write_text(str(policy), encoding="utf-8")

    def await_up(self, processes: Processes) -> None:
        """Return when both answer; raise NotReady when one does not."""
        for name, url in self.urls.items():
            processes.await_answer(f"witness-{name}", f"{url}/", within_s=UP_S)

    def _log_keys(self) -> list[str]:
        now = utc_now()
        ring = LogKeys(self._keys, Tree().origin, overlap=timedelta())
        ring.ensure(now)
        return [key for line in ring.lines(now) for key in line.vkeys]

    def _identity(self, store: Path, name: str) -> identity.Identity:
        made = (store / identity.FILE).exists()
        return identity.load(store) if made else identity.create(store, f"{name}.demo/w")
