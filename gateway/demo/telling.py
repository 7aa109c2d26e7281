"""How the story looks on a terminal: Vietnamese first, English second."""

import json
from base64 import b64encode
from collections.abc import Mapping
from datetime import date
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from gateway.calling.wire import Answer
from gateway.demo.proving import Confirmed
from gateway.quota.windows import LOCAL

LONGEST_VALUE = 70  # characters of one value on the screen
WHOLE = 10  # characters of YYYY-MM-DD
KEPT_BACK = {"subject"}  # who is asked about is shown once, by persona, not in every call


class Teller:
    """Prints scenes, and counts those that went otherwise than told."""

    def __init__(self, console: Console | None = None) -> None:
        self.console = console or Console(highlight=False, soft_wrap=False)
        self.failures: list[str] = []
        self._scenes = 0

    def scene(self, vi: str, en: str) -> None:
        """Begin a scene."""
        self._scenes += 1
        self.console.print()
        self.console.print(Text(f"{self._scenes}. {vi}", style="bold"))
        self.console.print(Text(f"   {en}", style="dim"))

    def say(self, vi: str, en: str = "") -> None:
        """Say one thing."""
        self.console.print(Text(f"   {vi}"))
        if en:
            self.console.print(Text(f"   {en}", style="dim"))

    def call(self, system: str, path: str, question: Mapping[str, Any]) -> None:
        """Show a call; of the person only that one is named."""
        shown = {name: value for name, value in question.items() if name not in KEPT_BACK}
        self.console.print(Text(f"   → {system}  POST {path}  {_short(shown)}", style="cyan"))

    def answer(self, answer: Answer) -> None:
        """Show what came back: the released fields and their ground, or the problem."""
        fine = answer.code == "ok"
        style = "green" if fine else "yellow"
        timing = answer.headers.get("server-timing", "")
        code = "" if fine else f"{answer.code}  "
        head = f"   ← {answer.status} {code}({answer.ms:.1f} ms; {timing})"
        self.console.print(Text(head, style=style))
        if not fine:
            self.say(
                f"  {answer.body['title_vi']}. {answer.body['next_vi']}", answer.body["title_en"]
            )
            return
        for field, value in answer.body.get("record", {}).items():
            self.console.print(Text(f"       {field}: {_short(value)}"))
        self._lines(answer.body)

    def _lines(self, body: Mapping[str, Any]) -> None:
        for each in body.get("withheld", ()):
            self.console.print(Text(f"       giữ lại / withheld {each['field']}: {each['code']}"))
        for each in body.get("unavailable", ()):
            self.console.print(
                Text(f"       chưa có / unavailable {each['field']}: {each['code']}")
            )
        basis = body.get("basis")
        if basis:
            ground = basis.get("instrument", "")
            article = basis.get("article", "")
            consent = " · theo sự đồng ý / by consent" if "consent_id" in basis else ""
            mark = basis.get("mark", "")
            self.console.print(
                Text(f"       căn cứ / basis: {ground}, {article} [{mark}]{consent}")
            )

    def line(self, line: Mapping[str, Any]) -> None:
        """Show one line of a person's list, with how sure we are of the rule that it names."""
        mark = line.get("basis", {}).get("mark")
        sure = f" [{mark}]" if mark else ""
        self.say(f"{line['sentence_vi']}{sure}", f"{line['sentence_en']}{sure}")

    def leaf(self, leaf: Mapping[str, Any]) -> None:
        """Show one record as it stands in the log."""
        rows = {
            "bản ghi / record": f"{leaf['w']['id']} #{leaf['w']['seq']}  {leaf['type']}",
            "ai / who": f"{leaf['actor'].get('org')} · {leaf['actor'].get('client')}",
            "cán bộ / official": _official(leaf["actor"]),
            "về ai / about": ", ".join(leaf.get("subj", {}).get("p", ())),
            "cái gì / what": _short(leaf.get("target", {})),
            "căn cứ / ground": _short(leaf["basis"]),
        }
        for name, value in rows.items():
            if value:
                self.console.print(Text(f"       {name}: {value}", style="magenta"))

    def confirmed(self, found: Confirmed) -> None:
        """Show a record's proof: the tree it stands in, and who has seen that tree."""
        self.say(
            f"Bản ghi đầu tiên kể trên là lá số {found.proof.index} trong cây {found.size} lá.",
            f"The first record told above is leaf {found.proof.index} of a tree of {found.size}.",
        )
        rows = {"gốc cây / root": b64encode(found.root).decode()}
        for name, at in found.witnesses:
            rows[f"xác nhận / cosigned {name}"] = f"{at.astimezone(LOCAL):%d/%m/%Y %H:%M:%S}"
        for name, value in rows.items():
            self.console.print(Text(f"       {name}: {value}", style="magenta"))
        self.say(
            "Chứng cứ khớp, kiểm tra chỉ bằng khoá công khai trong tệp chính sách.",
            "The proof holds; it was checked with the policy's public keys alone.",
        )

    def form(self, filled: Mapping[str, Any]) -> None:
        """Show a form: what was typed until today beside what is typed now."""
        table = Table(box=None, padding=(0, 1), show_edge=False)
        for name in ("Trường / Field", "Hôm qua", "Hôm nay / Today", "Nguồn / Source"):
            table.add_column(name, overflow="fold")
        for field in filled["fields"]:
            typed = field["state"] in {"typed", "missing", "choose", "differs"}
            value = _written(field["value"]) if "value" in field else "…"
            reason: Mapping[str, Any] = field.get("reason") or {"vi": ""}
            source = str(field.get("source") or reason["vi"])
            table.add_row(field["label_vi"], "gõ / typed", "gõ / typed" if typed else value, source)
        self.console.print(table)
        counts = filled["counts"]
        self.say(
            f"Trước đây gõ {counts['typed_today']} trường, nay gõ {counts['typed_now']}.",
            f"Typed until today: {counts['typed_today']} fields; typed now: {counts['typed_now']}.",
        )

    def expect(self, what: str, expected: object, actual: object) -> None:
        """Note whether the story went as told."""
        if expected == actual:
            return
        self.failures.append(f"{what}: expected {expected}, was {actual}")
        self.console.print(Text(f"   ✗ {self.failures[-1]}", style="bold red"))


def _official(actor: Mapping[str, Any]) -> str:
    """Return the pseudonym of the official behind a call, and how strongly they signed on."""
    return f"{actor['user']} ({actor.get('acr', '')})" if actor.get("user") else ""


def _written(value: Any) -> str:  # noqa: ANN401 - a form's field holds anything
    """Return a value as a form for people shows it: dates their way round, people by name."""
    if isinstance(value, bool):
        return "có / yes" if value else "không / no"
    try:
        return f"{date.fromisoformat(value):%d/%m/%Y}" if len(value) == WHOLE else _names(value)
    except (TypeError, ValueError):
        return _names(value)


def _names(value: Any) -> str:  # noqa: ANN401 - a form's field holds anything
    try:
        return ", ".join([each["ho_ten"] for each in value]) or _short(value)
    except (KeyError, TypeError):
        return _short(value)


def _short(value: object) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= LONGEST_VALUE * 3 else text[: LONGEST_VALUE * 3] + "…"
