"""Every metric of the gateway by name, and one plain method for each thing that is counted."""

from collections import deque
from collections.abc import Mapping
from threading import Lock
from types import MappingProxyType

from gateway.errors import Code
from gateway.telemetry.instruments import (
    MOST_SERIES,
    Counts,
    Durations,
    Histogram,
    Instrument,
    Labels,
    Reading,
)

EXCHANGE = Instrument(
    "motlan.gateway.request.duration",
    "s",
    ("phase", "dataset", "agency", "outcome"),
    "Time of exchanges: total, of which upstream, of which gateway",
)
SERVED = Instrument(
    "http.server.request.duration",
    "s",
    ("http.request.method", "http.route", "http.response.status_code"),
    "Time of HTTP requests we served",
)
ASKED = Instrument(
    "http.client.request.duration",
    "s",
    ("connector", "error.type"),
    "Time of questions to sources",
)
APPENDED = Instrument("motlan.audit.append.duration", "s", (), "Time of one commit of records")
RECORDS = Instrument("motlan.audit.records", "{record}", (), "Records made durable")
DECISIONS = Instrument(
    "motlan.policy.decisions", "{decision}", ("dataset", "agency", "decision", "code"), "Decisions"
)
UNPROVEN = Instrument(
    "motlan.gateway.unproven", "{request}", ("code",), "Requests of nobody that we could name"
)
LIMITED = Instrument(
    "motlan.ratelimit.rejections", "{request}", ("agency", "policy"), "Requests over a quota"
)

AT_ONCE = 256  # exchanges of one kind

# Refusals by a quota, and which it was; `gateway.quota.ledger` raises them.
QUOTAS: Mapping[str, str] = MappingProxyType(
    {
        Code.RATE_LIMITED.value: "minute",
        Code.QUOTA.value: "day",
        Code.PERSON_BUDGET.value: "people",
    }
)

# Read when somebody looks; a reading with one label returns a mapping from its values.
GAUGES: Mapping[str, Instrument] = MappingProxyType(
    {
        gauge.name: gauge
        for gauge in (
            Instrument("http.server.active_requests", "{request}", (), "Exchanges under way"),
            Instrument("motlan.audit.backlog", "{record}", (), "Records waiting for a commit"),
            Instrument(
                "motlan.audit.merge.delay", "s", (), "Age of the oldest record not in the tree"
            ),
            Instrument("motlan.audit.tree.size", "{record}", (), "Records in the tree"),
            Instrument("motlan.audit.tree.backlog", "{record}", (), "Records not in the tree"),
            Instrument("motlan.audit.tree.halted", "{state}", (), "1 while nothing is signed"),
            Instrument("motlan.audit.checkpoint.age", "s", (), "Since the newest checkpoint"),
            Instrument(
                "motlan.audit.witness.age",
                "s",
                (),
                "Since a quorum of witnesses stood behind the log",
            ),
            Instrument(
                "motlan.audit.witness.answers", "{answer}", ("outcome",), "What witnesses answered"
            ),
            Instrument("motlan.audit.gaps", "{gap}", (), "Gaps in writers' numbering"),
            Instrument(
                "motlan.audit.stream.behind", "{record}", ("stream",), "Not yet with the watcher"
            ),
            Instrument("motlan.audit.search.behind", "{record}", (), "Records not searchable yet"),
            Instrument("motlan.audit.findings.behind", "{record}", (), "Records not judged yet"),
            Instrument(
                "motlan.audit.changes.waiting", "{change}", (), "Changes owed to the record"
            ),
            Instrument("motlan.audit.changes.age", "s", (), "Age of the oldest change owed"),
            Instrument("motlan.systems.ending", "{system}", (), "Last credential ends in 30 days"),
            Instrument(
                "motlan.systems.ended", "{system}", (), "Active, without a living credential"
            ),
            Instrument(
                "motlan.systems.keys.unread", "{address}", (), "Key addresses not read lately"
            ),
            Instrument("motlan.sign_on.endings", "{visit}", ("ending",), "How sign-ons ended"),
            Instrument(
                "motlan.sign_on.away", "{state}", ("provider",), "1: it left us without an answer"
            ),
            Instrument("motlan.questions.overdue", "{question}", (), "People who wait too long"),
            Instrument("motlan.reviews.overdue", "{grant}", (), "Grants reviewed too late"),
            Instrument("motlan.break_glass.unjudged", "{emergency}", (), "Not judged in time"),
            Instrument(
                "motlan.audit.last_commit.age", "s", (), "Since a commit, or its probe, worked"
            ),
            Instrument(
                "motlan.connector.breaker.state",
                "{state}",
                ("connector",),
                "0 closed, 1 half, 2 open",
            ),
            Instrument("motlan.connector.inflight", "{question}", ("connector",), "Under way"),
            Instrument(
                "motlan.credential.expiry.seconds", "s", ("kind",), "Left to the next that ends"
            ),
            Instrument("motlan.keys.age", "s", ("ring",), "Since the present key began to sign"),
            Instrument("motlan.build.info", "{build}", ("version",), "Always 1"),
            Instrument("motlan.catalog.revision", "{revision}", (), "Of the snapshot in memory"),
            Instrument("motlan.storage.used.share", "1", (), "Of the database's volume, taken"),
            Instrument("motlan.storage.days_left", "d", (), "Until the volume's headroom is used"),
            Instrument(
                "motlan.log.dropped", "{part}", ("kind",), "Keys, values, lines kept out of logs"
            ),
            Instrument("db.client.connection.count", "{connection}", ("state",), "Of the pools"),
        )
    }
)


class _Exchange:
    """The series of one kind of exchange, fed many at a time: in a row they cost a fifth."""

    __slots__ = ("_fresh", "_lock", "_served", "_split")

    def __init__(self, split: list[Histogram], served: Histogram, lock: Lock) -> None:
        self._fresh: deque[tuple[float, float]] = deque()
        self._lock = lock
        self._served = served
        self._split = split

    def add(self, total_s: float, upstream_s: float) -> None:
        """Take one exchange."""
        fresh = self._fresh
        fresh.append((total_s, upstream_s))
        if len(fresh) >= AT_ONCE:
            self.fold()

    def fold(self) -> None:
        """Count what came since."""
        total, upstream, gateway = self._split
        with self._lock:
            while self._fresh:
                total_s, upstream_s = self._fresh.popleft()
                total.add(total_s)
                upstream.add(upstream_s)
                gateway.add(total_s - upstream_s)
                self._served.add(total_s)


class Meters:
    """Counts what happens in one process.

    Every label comes from a closed vocabulary or from the published catalog: codes of services and
    agencies, never anything a caller typed.  Nothing here waits for anybody, or can fail; what
    exchanges took is counted at the next look (`settle`), at the latest after AT_ONCE of them.
    """

    def __init__(self) -> None:
        self.durations = {a.name: Durations(a) for a in (EXCHANGE, SERVED, ASKED, APPENDED)}
        self.counts = {a.name: Counts(a) for a in (RECORDS, DECISIONS, UNPROVEN, LIMITED)}
        self.readings: dict[str, Reading] = {}
        self._exchanges: dict[tuple[str, str, str, Labels], _Exchange] = {}
        self._folding = Lock()  # kinds share series, and a scrape folds from a thread of its own
        self._exchange = self.durations[EXCHANGE.name]
        self._served = self.durations[SERVED.name]
        self._asked = self.durations[ASKED.name]
        self._appended: Histogram = self.durations[APPENDED.name].of(())
        self._records = self.counts[RECORDS.name].of(())
        self._decisions = self.counts[DECISIONS.name]
        self._unproven = self.counts[UNPROVEN.name]
        self._limited = self.counts[LIMITED.name]

    def exchange(  # noqa: PLR0917 - every fact of one exchange, in the order of its labels
        self,
        dataset: str,
        agency: str,
        outcome: str,
        served: Labels,
        total_s: float,
        upstream_s: float,
    ) -> None:
        """Count one exchange that ended.

        Args:
            dataset: code of the service.
            agency: code of whoever asked.
            outcome: ``ok``, or the code of the refusal.
            served: method, route and status of the HTTP request that it was.
            total_s: how long it took.
            upstream_s: how much of it the source took.
        """
        key = (dataset, agency, outcome, served)
        kind = self._exchanges.get(key)
        if kind is None:
            phases = [
                self._exchange.of((phase, dataset, agency, outcome))
                for phase in ("total", "upstream", "gateway")
            ]
            kind = _Exchange(phases, self._served.of(served), self._folding)
            if len(self._exchanges) >= MOST_SERIES:
                self.settle()
                self._exchanges.clear()
            self._exchanges[key] = kind
        kind.add(total_s, upstream_s)

    def settle(self) -> None:
        """Count the exchanges that were only noted so far; whoever reads calls this first."""
        for kind in list(self._exchanges.values()):
            kind.fold()

    def decision(self, agency: str, dataset: str, code: str) -> None:
        """Count one decision: ``allow``, or the code of the refusal; a quota's by quota, too."""
        is_allowed = code == "allow"
        decided = "allow" if is_allowed else "deny"
        self._decisions.of((dataset, agency, decided, code)).value += 1
        if not is_allowed and code in QUOTAS:
            self._limited.of((agency, QUOTAS[code])).value += 1

    def unproven(self, code: str) -> None:
        """Count one request of somebody who proved nothing."""
        self._unproven.of((code,)).value += 1

    def asked(self, connector: str, duration_s: float, error: str = "") -> None:
        """Count one question to a source; *error* is a code of ours, empty for an answer."""
        self._asked.of((connector, error)).add(duration_s)

    def appended(self, records: int, duration_s: float) -> None:
        """Count one commit of *records* records."""
        self._records.value += records
        self._appended.add(duration_s)

    def observe(self, name: str, reading: Reading) -> None:
        """Have *reading* called whenever somebody looks at the gauge *name*.

        Raises:
            KeyError: there is no gauge of that name.
        """
        self.readings[GAUGES[name].name] = reading
