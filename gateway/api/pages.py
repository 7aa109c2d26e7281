"""What a browser sees before a sign-on, or when one fails: a small page, Vietnamese first."""

from collections.abc import Iterable
from html import escape
from typing import Any

import msgspec
from litestar import Request, Response
from litestar.datastructures import Cookie, State
from msgspec import Struct

from auth.signon.signed_on import Realm
from gateway.api.failures import problem
from gateway.errors import Refusal

STYLE_PATH = "/sign-on/page.css"
HTML = "text/html"
STYLE = """\
body { font: 18px/1.5 system-ui, sans-serif; margin: 0 auto; max-width: 38em; padding: 2em 1em; \
color: #1a1a1a; background: #fff; }
h1 { font-size: 1.5em; line-height: 1.25; }
.en { color: #444; }
a { color: #0b4f9e; }
code { overflow-wrap: anywhere; }
@media (prefers-color-scheme: dark) {
  body { color: #eee; background: #161616; } .en { color: #bbb; } a { color: #9cc4ff; }
}
"""
_PAGE = """\
<!doctype html>
<html lang="vi">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title_vi}</title>
<link rel="stylesheet" href="{style}">
</head>
<body>
<main>
<h1>{title_vi}</h1>
<p>{next_vi}</p>
<div lang="en" class="en">
<h2>{title_en}</h2>
<p>{next_en}</p>
</div>
{more}
</main>
</body>
</html>
"""
_AGAIN = """\
<p><a href="/sign-on">Đăng nhập / <span lang="en">Sign on</span></a></p>
<p>Mã để báo lại / <span lang="en">Code to report</span>:
<code>{code}</code> <code>{id}</code></p>"""
_PLACE = """\
<p><a href="{url}">{who_vi}: {title_vi}</a><br>
<span lang="en" class="en">{who_en}: {title_en}</span></p>"""
_PEOPLE = {Realm.CITIZENS: ("Người dân", "Citizens"), Realm.STAFF: ("Cán bộ", "Officials")}


class Offered(Struct, frozen=True, kw_only=True):
    """One place to sign on at."""

    provider: str
    realm: Realm
    title_vi: str
    title_en: str
    url: str  # at the door that serves these people


def wants_page(request: Request[Any, Any, State]) -> bool:
    """Say whether a person's browser asks, and not a program."""
    return "text/html" in request.headers.get("accept", "")


def page(title_vi: str, title_en: str, next_vi: str, next_en: str, *, more: str = "") -> str:
    """Return a whole page; *more* is HTML, everything else is text."""
    return _PAGE.format(
        title_vi=escape(title_vi),
        title_en=escape(title_en),
        next_vi=escape(next_vi),
        next_en=escape(next_en),
        style=STYLE_PATH,
        more=more,
    )


def places(offered: Iterable[Offered]) -> str:
    """Return the page that asks where to sign on; citizens, who are the most, come first."""
    listed = "\n".join(map(_place, sorted(offered, key=lambda each: each.realm)))
    if not listed:
        none = ("Chưa có nơi đăng nhập nào ở đây.", "There is no place to sign on at yet.")
        return page("Đăng nhập", "Sign on", *none)
    return page("Đăng nhập", "Sign on", "Chọn nơi dành cho bạn.", "Choose yours.", more=listed)


def _place(each: Offered) -> str:
    who_vi, who_en = _PEOPLE[each.realm]
    return _PLACE.format(
        url=escape(each.url),
        who_vi=who_vi,
        who_en=who_en,
        title_vi=escape(each.title_vi),
        title_en=escape(each.title_en),
    )


def refusal(request: Request[Any, Any, State], refused: Refusal, *cookies: Cookie) -> Response[Any]:
    """Return *refused* as a page for a browser, as a problem document for everybody else."""
    answer = problem(request, refused)
    for cookie in cookies:
        answer.set_cookie(cookie)
    if not wants_page(request):
        return answer
    said = msgspec.json.decode(answer.content)
    more = _AGAIN.format(code=escape(said["code"]), id=escape(said["exchange_id"]))
    next_vi, next_en = _next(said)
    answer.content = page(said["title_vi"], said["title_en"], next_vi, next_en, more=more).encode()
    answer.media_type = HTML
    answer.headers["content-language"] = "vi"
    return answer


def _next(said: dict[str, Any]) -> tuple[str, str]:
    """Return what to do now; a person sees no headers, so how long to wait stands in the page."""
    seconds = said.get("retry_after_s")
    if seconds is None:
        return said["next_vi"], said["next_en"]
    return f"Hãy thử lại sau {seconds} giây.", f"Try again in {seconds} seconds."
