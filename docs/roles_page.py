"""The page about who may do what: its tables from the code, its prose from here."""

# ruff: noqa: E501 - a sentence of a page is one line

from auth.people import Role
from auth.permissions import HOLDERS, LISTENERS, STRENGTH, Party, Permission, of_people
from auth.roles.forbidden import PAIRS, SOURCES
from auth.roles.grants import AGENCY_SCOPED

INTRO = """# Who may do what

Một Lần has one table of permissions.
Every route names one; a route that names none stops the process, and what the table does not give is refused.
The tables on this page are made from the code.

Marks as everywhere: V read in the text of the law, S second-hand, D derived by us, K from general knowledge.

## Roles
"""

STRENGTHS = """Roles of staff come from our database alone: what a provider claims about somebody gives them nothing.
A role is read with the session, in one statement: when it is taken away, it is gone at the next request.

## Permissions
"""

EXCLUSION = """A level is that of the electronic identity (NĐ 69/2024, S); level 2 is several factors, which administrators need (TCVN 14423:2026 5.6, S).
Where seconds stand beside it, the person must have proven themselves so recently (D); otherwise the answer is `step_up_required` and says what is enough.
The last resort cannot prove itself again, so no age is demanded of it: its whole life is minutes.

Whoever holds a permission as `agency_administrator` alone holds it within their agency: other accounts are as unknown as none.
Another role does not widen that, unless it holds the same permission.
They change accounts that hold no role or that of an official: nobody is shut out by those whom they watch or appoint.

## Roles that exclude each other
"""

PRACTICE = """The database refuses a pair at the commit that would make it, under a lock of the account: of two halves approved at the same instant one stands.
The same table is in the database, with the source of every row.

## How a role is granted

1. Somebody with `role.ask` asks: account, role, from when, until when, why.
2. Another person with `role.decide` approves or refuses: nobody what they asked for, and nobody what they would hold.
3. The role holds from its first hour to its last, until somebody takes it away, or until nobody confirms it in a review.

A staff number at the command line and the account it stands for are one person; so are the account of an emergency and whoever opened it.
Asking, granting, refusing, confirming and revoking are leaves of the record, with the digest of what stood before and after.

The first two operators are made at the machine, each on the word of two people:

```sh
motlan people prepare --name "Trần Thị Bình" --agency H99.01 --staff-number CB-0001 \\
  --by CB-0900 --reason "Quyết định 12/QĐ-STTTT"
motlan people grant u-… operator --by CB-0900 --approved-by CB-0901 --reason "Quyết định 12/QĐ-STTTT"
```

From then on the two decide, and the machine does not.

## Reviews

Rights are looked through at least every six months (TCVN 14423:2026 5.4 and 5.6, S).
The keeper opens a review of every grant when the oldest one has stood for `roles.review_every_days`.
Reviewers have `roles.review_within_days`; nobody reviews their own.
What nobody confirmed ends `roles.lapse_after_days` after the due date (D).
`motlan people review list`, `motlan doctor` and the metric `motlan.reviews.overdue` say when reviewers are late.

An account that nobody uses for 45 days is disabled (TCVN 14423:2026 5.6, S); another person enables it.

## The last resort

When nobody can sign on, somebody at the machine opens the last resort, if `break_glass.enabled` says that there is one:

```sh
motlan people break-glass open --by CB-0900 --reason "Cổng đăng nhập của tỉnh ngừng hoạt động"
```

It prints a secret, once.
Sent to `POST /break-glass` at the door for staff it opens one session, which can prepare, disable, enable and unlock accounts, ask for roles and revoke them, and nothing else.
It does not approve roles: whoever opened it may be the one who asked.
Every call is on record before it is answered.
The session ends with the emergency, at most one hour after it was opened (`break_glass.life_s`), and the account made for it is disabled.

Each attempt is counted before the secret is looked at, and each wrong one doubles the pause.
The fifth locks the door; `motlan people break-glass unlock` is another person's to run.
While nothing is open there is nothing to guess, so nobody can lock the door beforehand.
A wrong secret is a record of its own; an attempt that came while nothing was open, in a pause or at a locked door is counted, and the record gets the counts by the minute.

An auditor or a privacy officer judges every emergency within `break_glass.judged_within_days`, never the one who opened it.

## Two doors

The gateway listens twice: at `listen` for agencies' systems and citizens, at `admin` for staff (TCVN 14423:2026 5.13.2.3, S).
A route is at its door and at no other, where it answers as a path that nobody ever made, whatever the method.
Which door a call came to is read from the socket that took it, never from a header; a connection without an address of ours came to the service door.
Keep `admin` out of the agencies' network: the firewall then does not depend on any of this.
The two need different ports; each worker holds both sockets.
"""

# In Vietnamese, and what it does.
ROLES: dict[Role, tuple[str, str]] = {
    Role.CATALOG_OFFICER: (
        "cán bộ danh mục",
        "writes what may be asked for",
    ),
    Role.PUBLISHER: (
        "người công bố",
        "approves and publishes it",
    ),
    Role.AGENCY_ADMINISTRATOR: (
        "quản trị cơ quan",
        "prepares accounts of one agency, asks for its officials, answers its citizens",
    ),
    Role.AUDITOR: (
        "kiểm toán viên",
        "reads the record, judges findings and emergencies, changes nothing",
    ),
    Role.PRIVACY_OFFICER: (
        "cán bộ bảo vệ dữ liệu cá nhân",
        "approves seals, reviews rights, judges emergencies",
    ),
    Role.OPERATOR: (
        "người vận hành",
        "runs the platform, its accounts and its roles",
    ),
    Role.OFFICIAL: (
        "cán bộ",
        "acts through the agency's systems, asks for seals",
    ),
    Role.CITIZEN: (
        "công dân",
        "sees who looked at them, and asks why",
    ),
    Role.BREAK_GLASS: (
        "quyền khẩn cấp",
        "administers accounts and roles while the last resort is open; granted to nobody",
    ),
}


def page() -> str:
    """Return the page: roles, permissions, what excludes what, and how it is done."""
    parts = (INTRO, _roles(), STRENGTHS, _permissions(), EXCLUSION, _pairs(), PRACTICE)
    return "\n".join(parts)


def _roles() -> str:
    lines = ["| Role | Vietnamese | Does | Where it counts |", "|---|---|---|---|"]
    for role in Role:
        vietnamese, does = ROLES[role]
        where = "one agency" if role in AGENCY_SCOPED else "province"
        where = "themselves" if role is Role.CITIZEN else where
        lines.append(f"| `{role.value}` | {vietnamese} | {does} | {where} |")
    return "\n".join(lines) + "\n"


def _permissions() -> str:
    lines = ["| Permission | Who | How strongly signed on | Door |", "|---|---|---|---|"]
    lines += [
        f"| `{each.value}` | {_who(each)} | {_how(each)} | {_where(each)} |" for each in Permission
    ]
    return "\n".join(lines) + "\n"


def _pairs() -> str:
    lines = ["| Role | Never with | Why | Mark |", "|---|---|---|---|"]
    lines += [
        f"| `{p.one.value}` | `{p.other.value}` | {SOURCES[p.source].text_en} | {p.mark} |"
        for p in PAIRS
    ]
    return "\n".join(lines) + "\n"


def _who(permission: Permission) -> str:
    holders = HOLDERS[permission]
    if holders == {*Party, *Role}:
        return "anybody"
    if holders == set(Role):
        return "whoever has signed on"
    return ", ".join(f"`{each.value}`" for each in sorted(holders, key=lambda each: each.value))


def _how(permission: Permission) -> str:
    if not of_people(permission):
        return "–"
    demanded = STRENGTH[permission]
    age = f", {demanded.max_age_s} s" if demanded.max_age_s else ""
    return f"level {demanded.level}{age}"


def _where(permission: Permission) -> str:
    return ", ".join(sorted(each.value for each in LISTENERS[permission])) or "management port"
