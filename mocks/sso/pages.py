"""The pages that people see at the provider: plain forms, readable without script or style."""

from collections.abc import Iterable
from html import escape

from mocks.sso.accounts import Account
from mocks.sso.realm import Realm
from mocks.wire import Reply

HTML = "text/html; charset=utf-8"
GUARDED = (
    ("Cache-Control", "no-store"),
    (
        "Content-Security-Policy",
        "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'",
    ),
    ("Referrer-Policy", "no-referrer"),
    ("X-Content-Type-Options", "nosniff"),
)
_STYLE = """
body{font:1.125rem/1.5 system-ui,sans-serif;max-width:44rem;margin:2rem auto;padding:0 1rem;
color:#1b1b1b;background:#fff}fieldset{border:1px solid #6b6b6b;margin:0 0 1rem;padding:.5rem 1rem}
label{display:block;padding:.35rem 0}small{color:#4a4a4a}button{font:inherit;padding:.5rem 1.25rem}
.note{border-left:.4rem solid #b35900;padding:.25rem .75rem;background:#fff6e8}
:focus-visible{outline:3px solid #0b57d0;outline-offset:2px}
"""
_LEVELS = {
    1: ("Mức 1: mật khẩu", "level 1: password"),
    2: ("Mức 2: thêm thiết bị hoặc khuôn mặt", "level 2: a device or the face as well"),
}


def page(title: str, body: str, status: int = 200) -> Reply:
    """Return one page of *body*, which is HTML already."""
    text = (
        f'<!doctype html><html lang="vi"><head><meta charset="utf-8"><title>{escape(title)}</title>'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<style>{_STYLE}</style></head><body><main><h1>{escape(title)}</h1>"
        '<p class="note">Nhà cung cấp định danh giả lập, chỉ có người không có thật. '
        '<small lang="en">A stand-in: nobody here exists.</small></p>'
        f"{body}</main></body></html>"
    )
    return Reply(status, text.encode(), HTML, GUARDED)


def choosing(realm: Realm, name: str, *, level: int, hint: str = "") -> Reply:
    """Return the page that asks who signs on; *name* is that of the question being answered."""
    return page(
        realm.title,
        f'<form method="post" action="{realm.issuer}/choose">'
        f'<input type="hidden" name="page" value="{escape(name)}">'
        '<fieldset><legend>Bạn là ai? <small lang="en">Who are you?</small></legend>'
        f"{''.join(_people(realm.accounts.values(), hint))}</fieldset>"
        "<fieldset><legend>Mức xác thực "
        '<small lang="en">How do you prove it?</small></legend>'
        f"{''.join(_levels(level))}</fieldset>"
        '<button name="answer" value="yes">Đăng nhập <small lang="en">Sign on</small></button> '
        '<button name="answer" value="no" formnovalidate>Từ chối '
        '<small lang="en">Refuse</small></button></form>',
    )


def _people(accounts: Iterable[Account], hint: str) -> Iterable[str]:
    for each in accounts:
        checked = " checked" if each.id == hint else ""
        yield (
            f'<label><input type="radio" name="persona" value="{each.id}" required{checked}> '
            f"<strong>{escape(each.name)}</strong> ({each.id}): {escape(each.shows_vi)} "
            f'<small lang="en">{escape(each.shows)}</small></label>'
        )


def _levels(wanted: int) -> Iterable[str]:
    for level, (vi, en) in _LEVELS.items():
        checked = " checked" if level == wanted else ""
        yield (
            f'<label><input type="radio" name="level" value="{level}" required{checked}> {vi} '
            f'<small lang="en">{en}</small></label>'
        )


def leaving(realm: Realm, where: str) -> Reply:
    """Return the page that asks whether the session shall end, for want of proof who asks."""
    return page(
        "Đăng xuất",
        f'<form method="post" action="{realm.issuer}/logout">'
        f'<input type="hidden" name="post_logout_redirect_uri" value="{escape(where)}">'
        "<p>Kết thúc phiên đăng nhập tại đây? "
        '<small lang="en">End the session here?</small></p>'
        '<button name="confirmed" value="yes">Đăng xuất <small lang="en">Log out</small></button>'
        "</form>",
    )


def left() -> Reply:
    """Return the page shown when the session ended and there is no place to go back to."""
    return page(
        "Đã đăng xuất", '<p>Phiên đã kết thúc. <small lang="en">The session has ended.</small></p>'
    )


def wrong(error: str, description: str, status: int = 400) -> Reply:
    """Return the page for a request that cannot be answered to whoever sent it."""
    return page(
        "Yêu cầu không hợp lệ",
        "<p>Không thể quay lại ứng dụng đã gửi yêu cầu này. "
        '<small lang="en">The application that sent this cannot be answered.</small></p>'
        f"<p><code>{escape(error)}: {escape(description)}</code></p>",
        status,
    )
