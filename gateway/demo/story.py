"""What the demo tells: real calls over HTTP, each with its answer and its record."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from gateway.calling.system import System
from gateway.calling.wire import Answer, send
from gateway.demo.people import NOT_IN, People
from gateway.demo.province import Province
from gateway.demo.proving import NotWitnessed, Prover
from gateway.demo.records import Books
from gateway.demo.telling import Teller
from gateway.tlog.proofs import ProofInvalid

# Personas of docs/personas.md; a house test compares them.
ANH = {"so_dinh_danh": "003190000123", "ho_ten": "Nguyễn Thị Ánh", "ngay_sinh": "1990-02-01"}
LAM = {"so_dinh_danh": "003075000707", "ho_ten": "Đỗ Văn Lãm", "ngay_sinh": "1975-03-03"}
KHOI = {"so_dinh_danh": "003098000303", "ho_ten": "Lê Minh Khôi", "ngay_sinh": "1998-12-30"}

PERMIT = "1.013225"
DOSSIER = "H99.30.01-261121-0001"
CASE = {"purpose": "giai-quyet-tthc", "procedure": PERMIT, "dossier": DOSSIER}
SOCIAL = {"purpose": "giai-quyet-tthc", "procedure": "1.001613", "dossier": "H99.18-261121-0001"}
BANK = "9901234560"


class Story:
    """The scenes, in order; each says what it expects."""

    def __init__(self, province: Province, teller: Teller) -> None:
        self._province = province
        self._tell = teller
        self._books = Books(province.dsn, province.plan.directory / "keys")
        self._systems: dict[str, System] = {}
        self._first: Mapping[str, Any] = {}  # the record of the first answer

    def run(self) -> None:
        """Tell the whole story."""
        self.verify()
        self.look_up_by_law()
        self.bank_and_consent()
        self.land_and_insurance()
        self.nobody_without_a_ground()
        self.permit_form()
        self.mismatch()
        self.dead_source()
        if self._province.sign_on.url is not None:
            self._people()
        self.the_log()
        self._the_witnesses()

    def verify(self) -> None:
        """Verify before status before fields before document."""
        self._tell.scene("Chỉ cần biết đúng hay không", "The least question: is it true?")
        answer = self._ask("motcua-xa", "dancu.xacthuc", {"subject": ANH, **CASE})
        self._tell.expect("khop", expected=True, actual=answer.body.get("record", {}).get("khop"))
        self._show_leaf(answer)

    def look_up_by_law(self) -> None:
        """A statute carries the call; what the agreement does not cover stays in."""
        self._tell.scene(
            "Cán bộ một cửa tra cứu theo luật, không cần xin đồng ý",
            "An official looks up by law; no consent is asked for, and none is faked",
        )
        question = {"subject": ANH, **CASE, "fields": ["ho_ten", "thuong_tru", "dan_toc"]}
        answer = self._ask("motcua-xa", "dancu.tracuu", question)
        self._tell.expect("fields", ["ho_ten", "thuong_tru"], sorted(answer.body.get("record", {})))
        withheld = [each["field"] for each in answer.body.get("withheld", ())]
        self._tell.expect("withheld", ["dan_toc"], withheld)
        self._show_leaf(answer)

    def bank_and_consent(self) -> None:
        """A bank needs consent; a withdrawal holds from the next call."""
        self._tell.scene(
            "Ngân hàng: chưa đồng ý thì không, đồng ý thì được, rút lại thì thôi",
            "A bank: refused without consent, allowed with it, refused once it is withdrawn",
        )
        question = {"subject": KHOI, "purpose": "khach-hang", "fields": ["ho_ten", "thuong_tru"]}
        told = self._books.withdrawn_before(KHOI["so_dinh_danh"], BANK, "dancu.tracuu")
        before = "consent_withdrawn" if told else "consent_required"
        self._refused("nganhang-demo", "dancu.tracuu", question, before)
        fields = ("ho_ten", "ngay_sinh", "thuong_tru")
        given = self._books.give(KHOI["so_dinh_danh"], BANK, "dancu.tracuu", fields)
        self._tell.say("Anh Khôi đồng ý trên VNeID.", "Khôi gives consent.")
        allowed = self._ask("nganhang-demo", "dancu.tracuu", question)
        self._tell.expect("with consent", "ok", allowed.code)
        self._show_leaf(allowed)
        self._books.withdraw(given, KHOI["so_dinh_danh"])
        self._tell.say("Anh Khôi rút lại sự đồng ý.", "Khôi withdraws it.")
        self._refused("nganhang-demo", "dancu.tracuu", question, "consent_withdrawn")

    def land_and_insurance(self) -> None:
        """Two other registers, with their own wires, behind the same call."""
        self._tell.scene("Đất đai và bảo hiểm", "Land and insurance, by the same call")
        holder = {name: ANH[name] for name in ("so_dinh_danh", "ho_ten")}
        fields = ["so_phat_hanh", "ngay_cap", "chu_su_dung"]
        land = self._ask("motcua-xa", "datdai.gcn", {"subject": holder, **CASE, "fields": fields})
        self._tell.expect("certificate", "ok", land.code)
        fields = ["ma_so_bhxh"]
        question = {"subject": ANH, **SOCIAL, "fields": fields}
        history = self._ask("bhxh-tinh", "baohiem.quatrinh", question)
        self._tell.expect("contributions", "ok", history.code)

    def nobody_without_a_ground(self) -> None:
        """Statistics gets no named people; sensitive bulk lists stay shut."""
        self._tell.scene(
            "Không có căn cứ thì không có dữ liệu, kể cả với cơ quan nhà nước",
            "No ground, no data; also for a state agency",
        )
        question = {"subject": ANH, "purpose": "thong-ke", "fields": ["thuong_tru"]}
        answer = self._ask("thongke-tinh", "dancu.tracuu", question)
        self._tell.expect("statistics", "no_legal_basis", answer.code)
        bulk = self._ask("motcua-xa", "dancu.danhsach", {"subject": ANH, **CASE})
        self._tell.expect("bulk", "service_disabled", bulk.code)

    def permit_form(self) -> None:
        """Once-only: the building permit's form, filled from what the state knows."""
        self._tell.scene(
            "Giấy phép xây dựng: tờ khai đã điền sẵn",
            "The building permit's form, filled from what the state already knows",
        )
        answer = self._prefill(ANH)
        self._tell.expect("prefill", "ok", answer.code)
        self._tell.form(answer.body)
        self._papers(answer.body)
        counts = answer.body["counts"]
        fewer = counts["typed_now"] < counts["typed_today"]
        self._tell.expect("less is typed", expected=True, actual=fewer)

    def mismatch(self) -> None:
        """A contradiction comes back as such, with the way to put it right."""
        self._tell.scene("Hai cơ sở dữ liệu nói khác nhau", "Two registers contradict each other")
        answer = self._prefill(LAM)
        found = answer.body.get("contradictions", [])
        for each in found:
            left, right = each["left"], each["right"]
            self._tell.say(
                f"{each['label_vi']}: {left['value']} ≠ {right['value']}", each["label_en"]
            )
            self._tell.say(each["ticket"]["vi"], each["ticket"]["en"])
        self._tell.expect("a contradiction", expected=True, actual=bool(found))

    def dead_source(self) -> None:
        """One source down leaves the others as they were."""
        self._tell.scene(
            "Cơ sở dữ liệu đất đai ngừng trả lời, các nơi khác vẫn chạy",
            "The land register falls silent; the others go on",
        )
        self._fault("land", "silent", times=-1)
        holder = {name: ANH[name] for name in ("so_dinh_danh", "ho_ten")}
        question = {"subject": holder, **CASE, "fields": ["so_phat_hanh"]}
        dead = self._ask("motcua-xa", "datdai.gcn", question, wait_ms=700)
        self._tell.expect("silent land", "source_timeout", dead.code)
        alive = self._ask("motcua-xa", "dancu.xacthuc", {"subject": ANH, **CASE})
        self._tell.expect("population", "ok", alive.code)
        self._fault("land", "silent", times=0)

    def _people(self) -> None:
        """People prove who they are, and what they may do was decided by two."""
        people = People(self._province, self._tell, self._show_leaf)
        try:
            people.four_eyes()
            people.an_official_asks({"subject": ANH, **SOCIAL, "fields": ["tong_thoi_gian"]})
            people.a_citizen_looks()
            people.an_auditor_looks()
        except NOT_IN as broken:
            self._tell.expect("people", "signed on", f"{type(broken).__name__}: {broken}")

    def the_log(self) -> None:
        """Everything above is on record."""
        self._tell.scene("Mọi việc trên đều có bản ghi", "All of it is on record")
        count = self._books.count()
        self._tell.say(f"Hôm nay có {count} bản ghi.", f"{count} records today.")
        self._tell.expect("records", expected=True, actual=count > 0)

    def _the_witnesses(self) -> None:
        """One of those records is proved without believing us."""
        self._tell.scene(
            "Hai bên làm chứng: không ai sửa lại được lịch sử, kể cả chúng tôi",
            "Two witnesses: nobody rewrites history, not even we",
        )
        prover = Prover(self._province.dsn, self._province.witnesses.policy_file)
        work = self._first["w"]
        day = datetime.fromtimestamp(self._first["ts"] / 1_000_000, UTC).date()
        try:
            found = prover.confirmed(day, work["id"], work["seq"])
        except (NotWitnessed, ProofInvalid) as missing:
            self._tell.expect("a proof", "confirmed", type(missing).__name__)
            return
        self._tell.confirmed(found)
        forged = found.entry.replace(b'"op":"', b'"op":"x', 1)
        rejected = prover.rejects(found.proof, forged)
        self._tell.say("Sửa một chữ trong bản ghi: bị bác bỏ.", "One letter changed: rejected.")
        self._tell.expect("a forged record is rejected", expected=True, actual=rejected)

    def _ask(
        self, client_id: str, service: str, question: Mapping[str, Any], wait_ms: int | None = None
    ) -> Answer:
        path = f"/v1/data/{service}"
        self._tell.call(client_id, path, question)
        headers = {} if wait_ms is None else {"Lgsp-Deadline-Ms": str(wait_ms)}
        answer = self._system(client_id).post(path, dict(question), **headers)
        self._tell.answer(answer)
        return answer

    def _refused(
        self, client_id: str, service: str, question: Mapping[str, Any], code: str
    ) -> None:
        answer = self._ask(client_id, service, question)
        self._tell.expect(f"{client_id} {service}", code, answer.code)

    def _prefill(self, subject: Mapping[str, str]) -> Answer:
        form = {"subject": subject, "dossier": DOSSIER}
        path = f"/v1/prefill/{PERMIT}"
        self._tell.call("motcua-xa", path, form)
        return self._system("motcua-xa").post(path, form)

    def _papers(self, filled: Mapping[str, Any]) -> None:
        for paper in filled["components"]:
            if not paper["ask"]:
                ground = f"{paper.get('instrument', '')} {paper.get('article', '')}"
                mark = paper.get("mark", "")
                self._tell.say(
                    f"Không hỏi nữa / no longer asked: {paper['name_vi']} ({ground} [{mark}])"
                )

    def _show_leaf(self, answer: Answer) -> None:
        receipt = answer.body.get("receipt")
        if receipt is not None:
            leaf = self._books.leaf(receipt["writer"], receipt["seq"])
            self._first = self._first or leaf
            self._tell.leaf(leaf)

    def _fault(self, register: str, name: str, *, times: int) -> None:
        send(self._province.registers[register], "POST", f"/__faults/{name}?times={times}")

    def _system(self, client_id: str) -> System:
        if client_id not in self._systems:
            key = self._province.keys[client_id]
            self._systems[client_id] = System(self._province.gateway, client_id, key)
        return self._systems[client_id]
