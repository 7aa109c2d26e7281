"""The pages before a sign-on, and of one that did not go through."""

from html.parser import HTMLParser

import pytest

from auth.signon.signed_on import Realm
from gateway.api import pages

EVIL = '"><script>alert(1)</script>'


class Read(HTMLParser):
    """Reads a page as a browser does: elements, attributes, text."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.elements: list[str] = []
        self.attributes: set[str] = set()
        self.text = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note an element."""
        self.elements.append(tag)
        self.attributes |= {name for name, _ in attrs}

    def handle_data(self, data: str) -> None:
        """Note text."""
        self.text += data


@pytest.mark.parametrize("place", range(4))
def test_no_text_becomes_an_element(place: int) -> None:
    """What stands in a table of ours today may come from elsewhere tomorrow."""
    texts = ["Một", "One", "Hai", "Two"]
    texts[place] = EVIL
    read = Read(pages.page(*texts))

    assert EVIL in read.text
    assert "script" not in read.elements
    assert not {name for name in read.attributes if name.startswith("on") or name == "style"}


def test_a_page_has_one_heading_in_vietnamese_and_marks_the_english() -> None:
    """A screen reader changes its voice where the language changes."""
    page = pages.page("Phiên đã kết thúc", "The session is over", "Đăng nhập lại.", "Sign on.")

    assert page.index('<html lang="vi">') < page.index("Phiên đã kết thúc</h1>")
    assert page.index('lang="en"') < page.index("The session is over")
    assert 1 == Read(page).elements.count("h1")


def test_the_style_is_an_address_of_its_own() -> None:
    """The policy of our answers runs no style that stands in a page."""
    assert f'href="{pages.STYLE_PATH}"' in pages.page("a", "b", "c", "d")
    assert "<style" not in pages.page("a", "b", "c", "d")
    assert "url(" not in pages.STYLE


def test_who_signs_on_chooses_among_links() -> None:
    """The link of a refusal leads here: a list for programs would be a dead end."""
    staff = a_place(realm=Realm.STAFF, url="https://can-bo.example/sign-on/can-bo")
    page = pages.places([staff, a_place(url="https://dan.example/sign-on/cong-dan?a=1&b=2")])
    read = Read(page)

    assert ["Người dân: Một", "Cán bộ: Một"] == [
        text for text in read.text.splitlines() if ": Một" in text
    ]
    assert 2 == read.elements.count("a")
    assert 'href="https://dan.example/sign-on/cong-dan?a=1&amp;b=2"' in page
    assert page.index("Người dân") < page.index("Citizens") < page.index("Cán bộ")


def test_a_gateway_without_a_place_to_sign_on_at_says_so() -> None:
    """An empty page looks like a broken one."""
    assert "Chưa có nơi đăng nhập nào ở đây." in Read(pages.places([])).text


def test_the_title_of_a_place_becomes_no_element() -> None:
    """It is written by whoever writes the settings."""
    read = Read(pages.places([a_place(title_vi=EVIL, title_en=EVIL, url=EVIL)]))

    assert EVIL in read.text
    assert "script" not in read.elements


def a_place(
    *,
    realm: Realm = Realm.CITIZENS,
    title_vi: str = "Một",
    title_en: str = "One",
    url: str = "https://dan.example/sign-on/cong-dan",
) -> pages.Offered:
    """Return a place to sign on at."""
    return pages.Offered(
        provider="cong-dan", realm=realm, title_vi=title_vi, title_en=title_en, url=url
    )
