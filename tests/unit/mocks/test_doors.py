"""The test doors, without a socket."""

import json

from mocks.doors import LONGEST_LOG, Doors
from mocks.faults import Fault
from mocks.wire import Reply, Request


def asked(path: str, method: str = "GET", query: str = "") -> Request:
    """Return a request at a door."""
    return Request(method, path, query, {"x-correlation-id": "e-1"}, b"")


def test_the_log_keeps_the_newest_questions_only() -> None:
    """A benchmark asks millions; the register's memory stays flat."""
    doors = Doors("land", 24, 1)
    for at in range(LONGEST_LOG + 5):
        doors.note(asked("/x"), Reply(200, b"", operation="o", request_id=str(at)))

    kept = json.loads(doors.answer(asked("/__queries")).body)["queries"]

    assert (LONGEST_LOG, "5") == (len(kept), kept[0]["request_id"])


def test_a_refused_call_is_no_question() -> None:
    """The gateway records questions; strays at the door are not among them."""
    doors = Doors("land", 24, 1)
    doors.note(asked("/x"), Reply(401, b""))

    assert b'{"queries":[]}' == doors.answer(asked("/__queries")).body


def test_an_order_without_a_count_is_for_one_answer() -> None:
    """The common test needs one fault and then health."""
    doors = Doors("land", 24, 1)
    doors.answer(asked("/__faults/busy", "POST"))

    assert [Fault.BUSY, None] == [doors.mischief.take(), doors.mischief.take()]


def test_a_fault_can_be_kept_to_a_part_of_the_paths() -> None:
    """One endpoint fails, the others do not, and the count is not used up by them."""
    doors = Doors("land", 24, 1)
    doors.answer(asked("/__faults/busy", "POST", "under=/a"))

    taken = [doors.mischief.take(path) for path in ("/b", "/a/x", "/a/x")]

    assert [None, Fault.BUSY, None] == taken
