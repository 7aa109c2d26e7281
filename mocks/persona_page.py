"""`python -m mocks.persona_page > docs/personas.md`: the page that shows the cast to callers."""

# ruff: noqa: E501 - prose has one sentence a line

import sys

from mocks.people import Person
from mocks.personas import personas
from mocks.province import PEOPLE, SEED
from mocks.sso.citizens import CITIZEN, citizens
from mocks.sso.staff import POSTS, Post

_INTRO = f"""\
# Personas

The registers' stand-ins hold one synthetic province: {PEOPLE:,} people by default, drawn from seed {SEED}.
The 24 people below are in every province, whatever its seed and size, and do not change between releases.
Nobody here exists: numbers begin with 003, 005 or 007, which no province has.
The province stands still on 21 November 2026; ages and states are as of that day.
This page is written by `python -m mocks.persona_page > docs/personas.md`; a test compares it with the code.

Ask with number, full name and birth date; all three must match.

| Id | Number | Name | Birth date | Sex | Shows | Minh hoạ |
|---|---|---|---|---|---|---|
"""

_OUTRO = """
Details that calls may need:

- p05 was `005085000500` before; the population register recognises both, the other registers only the new number.
- p16's parcel is sheet 44 number 512 in commune 99024; it was sheet 7 number 96 in the old commune 99023.
- p17's permanent address is in commune 99004 of before July 2025, whose area went to 99001, 99003 and 99005.
- p20's birth was registered on 16 November 2026; the population register does not know the child yet.
- p22's number, name and facts are distinctive; tests search logs, traces, metrics and errors for them.
- p23's certificate is found under the 9-digit card 990002323, which the population register gives.
- Certificates: p01 and p02 `AA 00419027`, p07 `BK 551207`, p15 `CH 881501` and `CM 771502`, p16 `S 016016`,
  p17 `CN 441717`, p22 `AA 00777777`, p23 `AB 232323`.

The mess of real life, in everybody else, is drawn at the rates of `mocks/mess.py`.

## Who can sign on

At the stand-in of the sign-on (`motlan mocks sso`) a page offers these people; nobody has a password.
Citizens are the personas above who are alive, 14 or older and able to act: {citizens}.
`dn01` is a business that p15 represents.
Officials are made up, and at agencies of the seed; which roles they hold is for the gateway to say, never for the provider.

| Persona | Number | Name | Agency | Post | Chức danh |
|---|---|---|---|---|---|
"""


def page() -> str:
    """Return the page as Markdown."""
    rows = (_row(one.id, one.person, one.shows, one.shows_vi) for one in personas())
    able = ", ".join(each.id for each in citizens() if each.claims["LoaiTaiKhoan"] == CITIZEN)
    return _INTRO + "".join(rows) + _OUTRO.format(citizens=able) + "".join(map(_post, POSTS))


def _post(one: Post) -> str:
    who = f"`{one.number.lower()}` | {one.number} | {one.name} | {one.agency}"
    return f"| {who} | {one.post} | {one.post_vi} |\n"


def _row(id_: str, person: Person, shows: str, shows_vi: str) -> str:
    sex = {"1": "male", "2": "female"}[person.sex]
    who = f"`{person.number}` | {person.name} | {person.born.iso()} | {sex}"
    return f"| {id_} | {who} | {shows} | {shows_vi} |\n"


if __name__ == "__main__":
    sys.stdout.write(page())
