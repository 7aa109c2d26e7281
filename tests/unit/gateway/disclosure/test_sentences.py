"""What a record says in one sentence, in both languages."""

import pytest

from gateway.audit.events import Event
from gateway.disclosure.sentences import MOST_FIELDS, REPRESENTED, Told, counted, of

WHOLE = Told(
    event=Event.ACCESS,
    agency=("Công an tỉnh", "The police"),
    service=("Tra cứu dân cư", "Population look-up"),
    purpose=("giải quyết thủ tục", "handling a procedure"),
    procedure=("Đăng ký thường trú", "Permanent residence"),
    fields=(("họ và tên", "full name"), ("ngày sinh", "birth date")),
    basis=("Điều 7", "Article 7"),
    result="delivered",
)


def test_an_access_says_who_what_for_what_and_on_which_basis() -> None:
    """One sentence answers what a citizen asks first."""
    vi, en = of(WHOLE)

    assert (
        "Công an tỉnh đã nhận họ và tên, ngày sinh của bạn; để: giải quyết thủ tục; "
        "thủ tục Đăng ký thường trú; căn cứ: Điều 7."
    ) == vi
    assert (
        "The police received your full name, birth date; for: handling a procedure; "
        "procedure Permanent residence; on the basis of Article 7."
    ) == en


@pytest.mark.parametrize(
    ("result", "expected"),
    [
        ("delivered", "đã nhận họ và tên"),
        ("partly", "đã nhận một phần họ và tên"),
        ("unknown", "có thể đã nhận họ và tên"),
        ("not_delivered", "đã hỏi nhưng không nhận được họ và tên"),
        (None, "có thể đã nhận họ và tên"),
    ],
)
def test_doubt_is_told_as_doubt(result: str | None, expected: str) -> None:
    """The log over-reports; the sentence must not claim more than the log knows."""
    told = Told(event=Event.ACCESS, agency=WHOLE.agency, fields=WHOLE.fields, result=result)

    assert expected in of(told)[0]


def test_a_refusal_says_that_somebody_tried() -> None:
    """And why it did not succeed."""
    told = Told(
        event=Event.DENY, agency=WHOLE.agency, reason=("Chưa có thoả thuận", "No agreement")
    )

    vi, en = of(told)

    assert "Công an tỉnh đã hỏi dữ liệu của bạn và bị từ chối (Chưa có thoả thuận)." == vi
    assert "The police asked for data about you and was refused (No agreement)." == en


def test_a_long_list_is_cut_in_the_sentence_and_says_so() -> None:
    """The line lists every field; the sentence stays readable."""
    many = tuple((f"mục {n}", f"item {n}") for n in range(MOST_FIELDS + 3))

    vi, en = of(Told(event=Event.ACCESS, agency=WHOLE.agency, fields=many, result="delivered"))

    assert "và 3 mục khác" in vi
    assert "and 3 more" in en


def test_a_representative_reads_of_the_one_represented() -> None:
    """A mother does not read that her own data was looked at."""
    vi, en = of(Told(event=Event.DENY, agency=WHOLE.agency, owner=REPRESENTED))

    assert "của người bạn đại diện" in vi
    assert "about them" in en


@pytest.mark.parametrize("event", list(Event))
def test_every_kind_of_record_has_a_sentence(event: Event) -> None:
    """What nobody foresaw is told as what it is: an act about the person."""
    vi, en = of(Told(event=event))

    assert vi.endswith(".")
    assert en.endswith(".")


def test_counts_mention_seals_only_when_there_are_some() -> None:
    """No seal, no fright."""
    assert "niêm phong" not in counted(3, 7, 0, 30)[0]
    assert "2 lượt đang được niêm phong" in counted(3, 7, 2, 30)[0]
    assert "2 accesses are sealed" in counted(3, 7, 2, 30)[1]
    assert "1 access is sealed" in counted(3, 7, 1, 30)[1]


def test_counts_of_nothing_and_of_one_are_sentences_too() -> None:
    """Most people open the page to read that nobody looked."""
    assert (
        "Trong 30 ngày qua, chưa có cơ quan nào nhận dữ liệu của bạn.",
        "In the last 30 days no agency received data of yours.",
    ) == counted(0, 0, 0, 30)
    assert "In the last 1 day 1 agency received data of yours 1 time." == counted(1, 1, 0, 1)[1]


def test_nobody_is_told_that_nobody_looked_while_a_seal_is_closed() -> None:
    """A sealed access may be one that gave data away."""
    vi, en = counted(0, 0, 1, 30)

    assert ("chưa có" in vi, "no agency" in en) == (False, False)
