"""The test doors of a register: health, faults, the log of what was asked."""

from collections import deque
from urllib.parse import parse_qs

from msgspec import Struct

from mocks.clock import utc_now
from mocks.faults import Fault, Mischief
from mocks.wire import Reply, Request, json

LONGEST_LOG = 10_000
PREFIX = "/__"


class Asked(Struct, frozen=True):
    """One question as the register saw it; who it was about is not kept."""

    request_id: str
    exchange_id: str
    operation: str
    at: str  # ISO 8601, UTC


class Doors:
    """What tests may do to a register, beside asking it."""

    def __init__(self, register: str, people: int, seed: int) -> None:
        self.mischief = Mischief()
        self._about = {"register": register, "people": people, "seed": seed}
        self._asked: deque[Asked] = deque(maxlen=LONGEST_LOG)

    def note(self, request: Request, reply: Reply) -> None:
        """Remember that *request* was understood; refusals and strays are not questions."""
        if reply.operation:
            exchange = request.headers.get("x-correlation-id", "")
            self._asked.append(Asked(reply.request_id, exchange, reply.operation, utc_now()))

    def answer(self, request: Request) -> Reply:
        """Answer at one of the doors."""
        match request.method, request.path.removeprefix(PREFIX).partition("/"):
            case "GET", ("health", _, ""):
                return Reply(200, json(self._about))
            case "GET", ("faults", _, ""):
                return Reply(200, json({"faults": list(Fault)}))
            case "POST", ("faults", _, name) if name in list(Fault):
                return self._order(Fault(name), parse_qs(request.query))
            case "GET", ("queries", _, ""):
                return Reply(200, json({"queries": list(self._asked)}))
            case "DELETE", ("queries", _, ""):
                self._asked.clear()
                return Reply(200, json({"queries": []}))
            case _:
                return Reply(404, json({"error": "no such door"}))

    def _order(self, fault: Fault, given: dict[str, list[str]]) -> Reply:
        times, under = given.get("times", ["1"])[0], given.get("under", [""])[0]
        if not times.removeprefix("-").isdecimal() or int(times) < -1:
            return Reply(400, json({"error": "times is -1, 0 or a count"}))
        self.mischief.order(fault, int(times), under)
        return Reply(200, json({"fault": fault, "times": int(times)}))
