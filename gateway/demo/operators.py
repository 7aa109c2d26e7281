"""The demo's first two operators, made at the machine; from then on they decide over the wire."""

from contextlib import suppress
from datetime import datetime
from pathlib import Path

from auth.accounts.accounts import AccountState, Act, prepared
from auth.accounts.errors import AccountConflict, AccountExists
from auth.accounts.signing_in import Accounts
from auth.people import Role
from auth.roles.desk import RoleDesk
from auth.roles.errors import MoveRefused
from auth.roles.grants import Wanted
from auth.transactions import Transaction
from gateway.audit.keyring import Keyring
from gateway.audit.pseudonyms import Pseudonyms
from gateway.wiring.sessions import blind_with

AGENCY = "H99.07"
OPERATORS = (("CB-0106", "Lý Vận Hành"), ("CB-0105", "Dương Công Bố"))  # staff of the stand-in
MOST = 500  # accounts; a demo has seven
MOVED = "nơi đăng nhập đổi địa chỉ / the sign-on has moved"
REASON = "người vận hành đầu tiên của bản trình diễn / first operators of the demo"


async def first_operators(
    transaction: Transaction, keys: Path, *, people: tuple[str, str], moved: bool, now: datetime
) -> None:
    """Prepare the accounts of two operators and give them the role, once.

    Args:
        transaction: opens one on the database, as its owner.
        keys: where the demo's keys are.
        people: staff ids of the two at the machine, who ask and approve.
        moved: the sign-on has another address than before: what was linked to it is disabled, so
            that everybody gets an account anew.
        now: the present instant.
    """
    accounts = Accounts(transaction, blind_with(Pseudonyms(Keyring(keys / "pseudonyms"))))
    desk = RoleDesk(transaction)
    asks, approves = people
    if moved:
        for account in await accounts.listed(limit=MOST):
            with suppress(AccountConflict):
                await accounts.change(account.id, Act.DISABLED, by=asks, reason=MOVED, now=now)
    for number, name in OPERATORS:
        with suppress(AccountExists):
            new = prepared(
                name=name, agency=AGENCY, staff_number=number, by=asks, reason=REASON, now=now
            )
            await accounts.prepare(new)
    for account in await accounts.listed(agency=AGENCY):
        if account.staff_number not in dict(OPERATORS) or account.state is not AccountState.ACTIVE:
            continue
        wanted = Wanted(account_id=account.id, role=Role.OPERATOR, reason=REASON)
        with suppress(MoveRefused):  # there are two already
            await desk.first(wanted, by=asks, approved_by=approves, emergency=moved, now=now)
