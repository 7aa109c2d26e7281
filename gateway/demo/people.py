"""The scenes of people: roles with four eyes, an official behind a call, a citizen, an auditor."""

import time
from collections.abc import Callable, Mapping
from typing import Any

from gateway.calling.system import System, TokenRefused
from gateway.calling.wire import Answer, Json, Unanswered
from gateway.demo.browsing import Browser, Lost
from gateway.demo.counter import Counter, NotSignedOn
from gateway.demo.operators import OPERATORS
from gateway.demo.province import Province
from gateway.demo.sign_on import CITIZENS, STAFF, callback_of
from gateway.demo.telling import Teller
from gateway.demo.visiting import NotLetIn, Visitor

FUND = "bhxh-tinh"
HISTORY = "baohiem.quatrinh"
OFFICER = ("CB-0005", "Vũ Đình Khải", "H99.18", "official")
AUDITOR = ("CB-0101", "Đặng Thị Kiểm", "H99.10", "auditor")
CITIZEN = "p01"  # Ánh, whom the story has asked about
NOT_IN = (Lost, NotLetIn, NotSignedOn, TokenRefused, Unanswered)  # how a scene can break off
REASON = "theo quyết định phân công / by assignment"
PATIENCE_S = 20.0  # until what was just done can be read
POLL_S = 0.25


class People:
    """Four scenes; each signs people on at the stand-in, as a browser would."""

    def __init__(self, province: Province, teller: Teller, leaf: Callable[[Answer], None]) -> None:
        """Tell them of *province*; *leaf* shows the record of an answer."""
        self._province = province
        self._tell = teller
        self._leaf = leaf

    def four_eyes(self) -> None:
        """Nobody gives a role alone."""
        self._tell.scene(
            "Một người không tự giao quyền được: một người đề nghị, người khác duyệt",
            "Nobody grants a role alone: one person asks, another approves",
        )
        asking, approving = (self._staff(number) for number, _ in OPERATORS)
        for person in (OFFICER, AUDITOR):
            account = self._account(asking, *person[:3])
            self._granted(asking, approving, account, person[3])

    def an_official_asks(self, question: Mapping[str, Any]) -> None:
        """A sensitive element needs an official; the record names one, by pseudonym."""
        self._tell.scene(
            "Dữ liệu nhạy cảm: phải có cán bộ đăng nhập đứng sau câu hỏi",
            "Sensitive data: an official who has signed on must stand behind the question",
        )
        key = self._province.keys[FUND]
        plain = System(self._province.gateway, FUND, key)
        refused = self._asked(plain, question)
        self._tell.expect("without an official", "official_required", refused.code)
        counter = Counter(
            self._province.sign_on.issuer(STAFF),
            FUND,
            key,
            callback=callback_of(FUND),
            resource=self._province.gateway,
        )
        token = counter.token_of(Browser(OFFICER[0].lower(), level=2), level=2)
        self._tell.say(
            f"{OFFICER[1]} đăng nhập tại hệ thống của mình; hệ thống đổi lấy mã của cả hai.",
            "The official signs on at the agency's system, which gets a token of both.",
        )
        both = System(self._province.gateway, FUND, key, official=lambda: token)
        allowed = self._asked(both, question)
        self._tell.expect("with an official", "ok", allowed.code)
        self._leaf(allowed)

    def a_citizen_looks(self) -> None:
        """Whoever was asked about sees by whom."""
        self._tell.scene(
            "Chị Ánh đăng nhập và xem ai đã đọc dữ liệu của mình",
            "Ánh signs on and sees who has read about her",
        )
        visitor = Visitor(self._province.gateway, CITIZENS, CITIZEN)
        seen = self._awaited(lambda: visitor.get("/v1/own/accesses").body.get("items", []))
        for line in seen[:3]:
            self._tell.line(line)
        self._tell.expect("who looked", expected=True, actual=bool(seen))

    def an_auditor_looks(self) -> None:
        """Whoever watches is watched: the look is a record, too."""
        self._tell.scene(
            "Kiểm toán viên đăng nhập và tìm những lần bị từ chối",
            "The auditor signs on and looks for refusals",
        )
        visitor = Visitor(self._province.admin, STAFF, AUDITOR[0].lower(), level=2)
        query = {"query": "decision:deny"}

        def found() -> list[Any]:
            return visitor.post("/v1/audit/search", query).body.get("records", [])

        records = self._awaited(found)
        if records:
            self._tell.say(records[0]["said_vi"], records[0]["said_en"])
        self._tell.expect("refusals on record", expected=True, actual=bool(records))

    def _staff(self, number: str) -> Visitor:
        visitor = Visitor(self._province.admin, STAFF, number.lower(), level=2)
        self._tell.say(f"{visitor.me['name']}: {', '.join(visitor.me['roles'])}")
        return visitor

    def _account(self, asking: Visitor, number: str, name: str, agency: str) -> str:
        """Return the id of the account that is prepared for somebody, prepared now if need be."""
        wanted = {"name": name, "staff_number": number, "agency": agency, "reason": REASON}
        made = asking.post("/v1/accounts", wanted)
        if made.fine:
            self._tell.say(f"Đã chuẩn bị tài khoản {name}.", f"Prepared an account for {name}.")
            return str(made.body["id"])
        listed = asking.get(f"/v1/accounts?agency={agency}").body["items"]
        return next(
            str(e["id"]) for e in listed if (e["staff_number"], e["state"]) == (number, "active")
        )

    def _granted(self, asking: Visitor, approving: Visitor, account: str, role: str) -> None:
        held = asking.get(f"/v1/role-grants?account={account}").body["items"]
        if any(each["role"] == role and each["state"] == "granted" for each in held):
            self._tell.say(f"{role}: đã có từ trước", "granted in an earlier telling")
            return
        wanted = {"account": account, "role": role, "reason": REASON}
        asked = asking.post("/v1/role-grants", wanted)
        self._tell.expect(f"{role} asked for", "ok", asked.code)
        decision = f"/v1/role-grants/{asked.body.get('id')}/decision"
        alone = asking.post(decision, {"approve": True, "reason": REASON})
        self._tell.say(f"Tự duyệt: {alone.code}", "Approving one's own request is refused.")
        self._tell.expect(f"{role} alone", "second_person_missing", alone.code)
        done = approving.post(decision, {"approve": True, "reason": REASON})
        self._tell.say(f"Người thứ hai duyệt: {role}", f"A second person approves: {role}.")
        self._tell.expect(f"{role} by two", "ok", done.code)

    def _asked(self, system: System, question: Mapping[str, Any]) -> Answer:
        self._tell.call(FUND, f"/v1/data/{HISTORY}", question)
        answer = system.ask(HISTORY, dict(question))
        self._tell.answer(answer)
        return answer

    def _awaited(self, found: Callable[[], list[Json]]) -> list[Json]:
        """Return what is found once there is something, or nothing when time is up."""
        until = time.monotonic() + PATIENCE_S
        while time.monotonic() < until:
            if items := found():
                return items
            time.sleep(POLL_S)
        return []
