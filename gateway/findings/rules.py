"""The rules: what stands out on one day of one actor against their own days before; pure data.

Officials who look up people of their own family name are found without any name: a leaf says yes
or no.  A keyed pseudonym of a family name would protect nothing, since a few dozen names cover
nearly everybody and how often each occurs is public, so that counting alone would undo the key.
"""

from collections.abc import Mapping
from datetime import date, timedelta
from enum import StrEnum

from msgspec import Struct

from gateway.findings.baseline import Baseline, baseline
from gateway.findings.tallies import PROCEDURE, Count, Mark, Scope

REPEAT_DAYS = 14  # window in which the same person is looked at again and again
DORMANT_DAYS = 60  # of silence, before an account counts as asleep
MOST_ABOUT = 5  # findings of one rule for one actor and day

_MISSED_SHARE = 0.3  # of a day's people: above, somebody is guessing numbers
_MIX_CALLS = 200  # that an agreement's habits must rest on
_MIX_USUAL_SHARE = 0.01  # a procedure below this is not among them
_MIX_SHARE = 0.2  # of the day's calls, to stand out
_MIX_LEAST = 20
KIN_LEAST = 9  # people of one's own family name in a day, to exceed
_HIGH, _MEDIUM = 3.0, 1.5  # times the bound


class Rule(StrEnum):
    """What a finding may be about; stored with each, never renamed."""

    BARE = "bare"
    OFF_HOURS = "off_hours"
    REPEATED = "repeated"
    PERSONS = "persons"
    GUESSING = "guessing"
    TURNED_AWAY = "turned_away"
    DORMANT = "dormant"
    PROCEDURE_MIX = "procedure_mix"
    KINSHIP = "kinship"


class Severity(StrEnum):
    """How far above what is usual."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"


class Again(Struct, frozen=True):
    """How many days one official looked at one person without a dossier, within `REPEAT_DAYS`."""

    subject: str
    days: int
    first: date
    sample: tuple[int, ...]


class History(Struct, frozen=True, kw_only=True):
    """All that a judgement of one actor's day rests on."""

    scope: Scope
    actor: str
    agency: str | None
    day: date
    days: Mapping[date, Mapping[str, Count]]  # `DAYS` before, and the day itself
    before: date | None = None  # the last active day before this one, however long ago
    again: tuple[Again, ...] = ()  # most days first
    usual_again: float = 1.0  # days on which this official looks at one person, usually


class Found(Struct, frozen=True, kw_only=True):
    """One thing that stands out."""

    rule: Rule
    scope: Scope
    actor: str
    agency: str | None
    about: str = ""  # whose pseudonym, or which procedure
    first_day: date
    last_day: date
    value: int
    usual: float
    threshold: float
    support: int  # days behind `usual`
    severity: Severity
    sample: tuple[int, ...]  # leaf indexes, the first ones


class _Excess(Struct, frozen=True):
    """A rule about one figure of a day: above its bound, it stands out."""

    rule: Rule
    marks: tuple[Mark, ...]  # summed
    least: Mapping[Scope, int]  # to exceed, however quiet the days before were
    alone: Mapping[Scope, int]  # to exceed without a baseline


EXCESSES = (
    _Excess(
        Rule.BARE,
        (Mark.BARE,),
        {Scope.OFFICIAL: 9, Scope.SYSTEM: 49},
        {Scope.OFFICIAL: 29, Scope.SYSTEM: 999},
    ),
    _Excess(
        Rule.OFF_HOURS,
        (Mark.OFF_HOURS,),
        {Scope.OFFICIAL: 6, Scope.SYSTEM: 49},
        {Scope.OFFICIAL: 9, Scope.SYSTEM: 999},
    ),
    _Excess(
        Rule.PERSONS,
        (Mark.PERSONS, Mark.LISTED),
        {Scope.OFFICIAL: 39, Scope.SYSTEM: 299},
        {Scope.OFFICIAL: 199, Scope.SYSTEM: 9_999},
    ),
    _Excess(
        Rule.TURNED_AWAY,
        (Mark.TURNED_AWAY,),
        {Scope.OFFICIAL: 14, Scope.SYSTEM: 99},
        {Scope.OFFICIAL: 39, Scope.SYSTEM: 499},
    ),
)
GUESSES = _Excess(
    Rule.GUESSING,
    (Mark.MISSED,),
    {Scope.OFFICIAL: 9, Scope.SYSTEM: 49},
    {Scope.OFFICIAL: 19, Scope.SYSTEM: 199},
)


def judge(history: History) -> list[Found]:
    """Return what stands out on the day of *history*, in the order of the rules."""
    if history.day not in history.days:
        return []
    if history.scope is Scope.AGREEMENT:
        return _new_procedures(history)
    found = [one for rule in EXCESSES if (one := _exceeding(history, rule))]
    return [
        *found,
        *_guessing(history),
        *_repeated(history),
        *_awake(history),
        *_kinship(history),
    ]


def _exceeding(history: History, rule: _Excess) -> Found | None:
    today = history.days[history.day]
    value = _sum(today, rule.marks)
    usual = baseline([_sum(marks, rule.marks) for _, marks in _before(history)])
    bound = usual.bound(rule.least[history.scope], rule.alone[history.scope])
    if value <= bound:
        return None
    sample = next((today[mark].sample for mark in rule.marks if mark in today), ())
    return _found(history, rule.rule, value, usual, bound, sample)


def _guessing(history: History) -> list[Found]:
    today = history.days[history.day]
    people = _sum(today, (Mark.PERSONS,))
    if _sum(today, (Mark.MISSED,)) < _MISSED_SHARE * people:
        return []
    found = _exceeding(history, GUESSES)
    return [found] if found else []


def _repeated(history: History) -> list[Found]:
    if history.scope is not Scope.OFFICIAL:
        return []
    bound = max(2.0, 2 * history.usual_again)  # who meets people often, has a case each time
    usual = Baseline(history.usual_again, 1.0, len(history.days) - 1)
    return [
        _found(
            history,
            Rule.REPEATED,
            again.days,
            usual,
            bound,
            again.sample,
            about=again.subject,
            first_day=again.first,
        )
        for again in history.again[:MOST_ABOUT]
        if again.days > bound
    ]


def _kinship(history: History) -> list[Found]:
    """Find officials who look at more people of their own family name than they ever do.

    More than three in ten people are named Nguyễn, so that only an official's own past tells what
    is usual: the day must exceed both the usual number and the usual share of the day's people,
    for a busy day brings more of every name.  Days on which no names were compared tell nothing.
    The share's spread is that of Poisson counts, wider than chance alone: families come together.
    """
    if history.scope is not Scope.OFFICIAL:
        return []
    today = history.days[history.day]
    past = [marks for _, marks in _before(history) if Mark.NAMED in marks]
    usual = baseline([_sum(marks, (Mark.KIN,)) for marks in past])
    if not usual.known:
        return []
    kin, named = (sum(_sum(marks, (mark,)) for marks in past) for mark in (Mark.KIN, Mark.NAMED))
    expected = _sum(today, (Mark.NAMED,)) * kin / named
    share = Baseline(expected, max(expected**0.5, 1.0), usual.support)
    bound = max(usual.bound(KIN_LEAST, KIN_LEAST), share.bound(KIN_LEAST, KIN_LEAST))
    value = _sum(today, (Mark.KIN,))
    if value <= bound:
        return []
    return [_found(history, Rule.KINSHIP, value, usual, bound, today[Mark.KIN].sample)]


def _awake(history: History) -> list[Found]:
    if history.before is None:
        return []
    silent = (history.day - history.before).days
    if silent < DORMANT_DAYS:
        return []
    sample = history.days[history.day][Mark.CALLS].sample
    return [_found(history, Rule.DORMANT, silent, Baseline(1, 1, 1), DORMANT_DAYS, sample)]


def _new_procedures(history: History) -> list[Found]:
    """Find procedures that an agreement is suddenly used for."""
    past: dict[str, int] = {}
    active = 0
    for _, marks in _before(history):
        active += 1
        for mark, count in marks.items():
            past[mark] = past.get(mark, 0) + count.n
    total = past.get(Mark.CALLS, 0)
    usual = Baseline(0, 1, active)
    if total < _MIX_CALLS or not usual.known:
        return []
    today = history.days[history.day]
    bound = max(_MIX_LEAST - 1.0, _MIX_SHARE * today[Mark.CALLS].n)
    new = (
        (count.n, mark, count.sample)
        for mark, count in today.items()
        if mark.startswith(PROCEDURE)
        and count.n > bound
        and past.get(mark, 0) < _MIX_USUAL_SHARE * total
    )
    return [
        _found(
            history,
            Rule.PROCEDURE_MIX,
            n,
            Baseline(past.get(mark, 0) / active, 1, active),
            bound,
            sample,
            about=mark.removeprefix(PROCEDURE),
        )
        for n, mark, sample in sorted(new, reverse=True)[:MOST_ABOUT]
    ]


def _before(history: History) -> list[tuple[date, Mapping[str, Count]]]:
    """Return the active days of the baseline's window."""
    return [
        (day, marks)
        for day, marks in sorted(history.days.items())
        if timedelta() < history.day - day and Mark.CALLS in marks
    ]


def _sum(marks: Mapping[str, Count], wanted: tuple[Mark, ...]) -> int:
    return sum(marks[mark].n for mark in wanted if mark in marks)


def _found(  # noqa: PLR0917 - the figures of one finding, each once
    history: History,
    rule: Rule,
    value: int,
    usual: Baseline,
    bound: float,
    sample: tuple[int, ...],
    *,
    about: str = "",
    first_day: date | None = None,
) -> Found:
    return Found(
        rule=rule,
        scope=history.scope,
        actor=history.actor,
        agency=history.agency,
        about=about,
        first_day=first_day or history.day,
        last_day=history.day,
        value=value,
        usual=round(usual.usual, 2),
        threshold=round(bound, 2),
        support=usual.support,
        severity=_severity(value / bound),
        sample=sample,
    )


def _severity(times: float) -> Severity:
    if times >= _HIGH:
        return Severity.HIGH
    return Severity.MEDIUM if times >= _MEDIUM else Severity.LOW
