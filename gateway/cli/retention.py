"""`motlan audit retention`: how long what is kept, by which rule, and how far each day came."""

import asyncio
from collections.abc import Sequence
from datetime import date
from pathlib import Path

import click
from msgspec import Struct

from catalog.entries import Mark
from gateway import database
from gateway.cli.answers import Answer, answering, table
from gateway.cli.edge import database_options, reachable, settings_with
from gateway.cli.exits import Exit
from gateway.clock import utc_now
from gateway.retention.capacity import Capacity
from gateway.retention.repository import ROLE, Archived, RetentionRepository
from gateway.retention.rules import Rule, Windows, load_rules
from gateway.retention.sizes import SizeRepository
from gateway.settings import Settings
from gateway.wiring.retention import PATIENCE_S, Gauge, windows_of

DAYS = 400  # of the newest archives
MARKS = {
    Mark.VERIFIED: "đã đọc nguyên văn · read",
    Mark.VERIFIED_OCR: "đã đọc bản quét · read in a scan",
    Mark.SECONDARY: "nguồn thứ cấp · second-hand",
    Mark.KNOWLEDGE: "hiểu biết chung · common knowledge",
    Mark.DERIVED: "do chúng tôi suy ra · derived",
}


class _State(Struct, frozen=True):
    """What the database says."""

    stored: list[date]
    archived: list[Archived]
    capacity: Capacity


@click.command()
@database_options
@answering
def retention(url: str | None, directory: Path | None) -> Answer:
    """Say how long records stay, by which rules, which days have left, and how full the disk is."""
    settings = settings_with(url, directory)
    today = utc_now().date()
    with reachable(settings) as dsn:
        state = asyncio.run(_state(dsn, settings, today))
    windows = windows_of(settings, today)
    rules = [rule for rule in load_rules() if rule.in_force(today)]
    text = "\n\n".join(
        (_kept(windows), table([_line(rule) for rule in rules]), _days(state, windows, today))
    )
    code = Exit.UNHEALTHY if state.capacity.alarming else Exit.OK
    return Answer(_facts(state, windows, rules, today), text, code)


async def _state(dsn: str, settings: Settings, today: date) -> _State:
    pool = await database.raw_pool(
        dsn,
        ROLE,
        1,
        application_name="motlan audit retention",
        statement_timeout_ms=int(PATIENCE_S * 1000),
        patience_s=PATIENCE_S,
    )
    async with pool:
        rows = RetentionRepository(pool)
        capacity = await Gauge(SizeRepository(pool), settings).measure(today)
        return _State(await rows.days(), await rows.archived(DAYS), capacity)


def _kept(windows: Windows) -> str:
    return (
        f"nóng · hot {windows.hot} tháng · months\n"
        f"tìm được · searchable {windows.searchable} tháng · months\n"
        f"lưu trữ · archived {windows.register} tháng · months\n"
        f"khoá bí danh · pseudonym keys {windows.links} tháng · months"
    )


def _line(rule: Rule) -> dict[str, object]:
    return {
        "stage": rule.stage.value,
        "months": rule.months,
        "rule": f"{rule.instrument}, {rule.article}",
        "mark": f"{rule.mark.value}: {MARKS[rule.mark]}",
        "vi": rule.vi,
    }


def _days(state: _State, windows: Windows, today: date) -> str:
    left = sum(1 for each in state.archived if each.dropped_at)
    waiting = _waiting(state, windows, today)
    lines = [
        f"{len(state.stored)} days in the database, {len(state.archived)} archived, {left} left",
        f"{state.capacity.text()}{'  ALARM' if state.capacity.alarming else ''}",
    ]
    if waiting:
        lines.insert(1, f"{len(waiting)} days are due for the archive, the oldest {waiting[0]}")
    return "\n".join(lines)


def _waiting(state: _State, windows: Windows, today: date) -> list[date]:
    """Return the days that should be in the archive and are not, oldest first."""
    done = {each.day for each in state.archived}
    before = windows.archive_before(today)
    return [day for day in state.stored if day < before and day not in done]


def _facts(
    state: _State, windows: Windows, rules: Sequence[Rule], today: date
) -> dict[str, object]:
    capacity = state.capacity
    return {
        "windows": windows,
        "rules": rules,
        "stored_days": len(state.stored),
        "due_for_archive": _waiting(state, windows, today),
        "archived": [
            {
                "day": each.day,
                "first": each.first_index,
                "end": each.end_index,
                "root": each.root.hex(),
                "records": each.records,
                "dropped_at": each.dropped_at,
            }
            for each in state.archived
        ],
        "capacity": {
            "used": capacity.used,
            "total": capacity.total,
            "per_day": round(capacity.per_day),
            "days_left": capacity.days_left,
            "alarm": capacity.alarming,
        },
    }
