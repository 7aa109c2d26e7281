"""A certificate from before the 12-digit number, found for its holder and for nobody else."""

from collections.abc import Callable
from typing import Any

from gateway.calling.system import System
from tests.province import KHOI, PERMIT

PHONG = {"so_dinh_danh": "003068002323", "ho_ten": "Tạ Đình Phong", "ngay_sinh": "1968-10-01"}
CARD = {"so_cmnd": "990002323"}
FORM = {name: PERMIT[name] for name in ("purpose", "dossier")}


def form_of(system: System, **subject: str) -> dict[str, dict[str, Any]]:
    """Return the building permit's fields by code."""
    answer = system.prefill("1.013225", {"subject": subject, **FORM})
    assert 200 == answer.status
    return {field["code"]: field for field in answer.body["fields"]}


def test_the_old_card_finds_the_old_certificate(system: Callable[[str], System]) -> None:
    """The counter types the card that the paper shows, and the form is filled from the register."""
    without = form_of(system("motcua-xa"), **PHONG)
    fields = form_of(system("motcua-xa"), **PHONG, **CARD)

    assert "missing" == without["giay_chung_nhan.so_phat_hanh"]["state"]
    assert ("filled", "AB 232323") == (
        fields["giay_chung_nhan.so_phat_hanh"]["state"],
        fields["giay_chung_nhan.so_phat_hanh"]["value"],
    )
    assert ("filled", True) == (
        fields["giay_chung_nhan.xac_minh"]["state"],
        fields["giay_chung_nhan.xac_minh"]["value"],
    )


def test_somebody_elses_old_card_finds_nothing(system: Callable[[str], System]) -> None:
    """Otherwise a question about one person would show what another one owns."""
    fields = form_of(system("motcua-xa"), **KHOI, **CARD)

    assert "missing" == fields["giay_chung_nhan.so_phat_hanh"]["state"]
    assert "AB 232323" not in str(fields)
