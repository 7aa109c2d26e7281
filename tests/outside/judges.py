"""Programs by others, built or installed here, and how they are asked."""

import json
import os
import shutil
import subprocess
from base64 import b64encode
from collections.abc import Sequence
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
GOPATH = Path("/usr/share/gocode")  # where Debian puts the sources of Go packages
SUMDB = GOPATH / "src/golang.org/x/mod/sumdb/tlog"
ANSWER_S = 60


class Refused(Exception):
    """A judge found something wrong; the message is its own."""


class Go:
    """Go's own packages for notes and transparency logs, from Debian."""

    def __init__(self, program: Path) -> None:
        """Ask the built *program*."""
        self._program = program

    @staticmethod
    def missing() -> str | None:
        """Return what this machine lacks, None when nothing."""
        if shutil.which("go") is None:
            return "needs Go: apt-get install golang-go golang-golang-x-mod-dev"
        if not SUMDB.is_dir():
            return "needs Go's sumdb packages: apt-get install golang-golang-x-mod-dev"
        return None

    @classmethod
    def built(cls, folder: Path) -> "Go":
        """Build the judge into *folder*, without a network."""
        program = folder / "judge"
        environment = {
            **os.environ,  # noqa: TID251
            "GO111MODULE": "off",
            "GOPATH": str(GOPATH),
            "GOCACHE": str(folder / "cache"),
            "GOFLAGS": "",
        }
        subprocess.run(
            ["go", "build", "-o", str(program), str(HERE / "go/judge.go")],
            check=True,
            env=environment,
            timeout=300,
        )
        return cls(program)

    def judge(self, what: str, place: Path, keys: Sequence[object] = ()) -> str:
        """Return what the judge says of a log or a proof.

        Raises:
            Refused: something is wrong.
        """
        answer = subprocess.run(
            [str(self._program), what, str(place), *map(str, keys)],
            check=False,
            capture_output=True,
            text=True,
            timeout=ANSWER_S,
        )
        if answer.returncode != 0:
            raise Refused(answer.stderr.strip())
        return answer.stdout.rstrip("\n")


class Node:
    """Packages of npm: sigstore-js, noble post-quantum, canonicalize, http-message-signatures."""

    @staticmethod
    def missing() -> str | None:
        """Return what this machine lacks, None when nothing."""
        if shutil.which("node") is None:
            return "needs Node 20: apt-get install nodejs npm"
        if not (HERE / "node_modules/.package-lock.json").is_file():
            return "needs packages of npm: tests/outside/install"
        return None

    def judge(self, what: str, cases: Sequence[object]) -> list[str]:
        """Return one answer for each of *cases*: ``holds``, what is wrong, or a digest."""
        return self._asked("judge.mjs", cases, what)

    def tokens(self, cases: Sequence[object]) -> list[str]:
        """Return the text that jose makes of each of *cases*."""
        return self._asked("tokens.mjs", cases)

    def messages(self, what: str, cases: Sequence[object]) -> list[Any]:
        """Return what http-message-signatures makes of *cases*: headers, or a verdict."""
        return self._asked("messages.mjs", cases, what)

    @staticmethod
    def _asked(program: str, cases: Sequence[object], *said: str) -> list[Any]:
        """Hand *cases* to one of our scripts and return its answers."""
        answer = subprocess.run(
            ["node", str(HERE / "js" / program), *said],
            check=True,
            input=json.dumps(cases),
            capture_output=True,
            text=True,
            timeout=ANSWER_S,
        )
        answers: list[Any] = json.loads(answer.stdout)
        return answers


def base64(data: bytes) -> str:
    """Return bytes the way the judges read them."""
    return b64encode(data).decode("ascii")
