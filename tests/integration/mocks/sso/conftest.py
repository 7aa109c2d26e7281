"""A provider, and a registered relying party at each of its realms."""

from collections.abc import AsyncGenerator

import pytest

from tests.integration.mocks.sso.relying import Party
from tests.sso import Provider, a_provider


@pytest.fixture
async def sso() -> AsyncGenerator[Provider]:
    """Give a provider that knows nobody."""
    async with a_provider() as provider:
        yield provider


@pytest.fixture
async def staff(sso: Provider) -> AsyncGenerator[Party]:
    """Give a relying party of the staff realm."""
    party = Party(sso, "staff")
    await party.register()
    yield party
    await party.close()


@pytest.fixture
async def citizens(sso: Provider) -> AsyncGenerator[Party]:
    """Give a relying party of the citizens' realm."""
    party = Party(sso, "citizens")
    await party.register()
    yield party
    await party.close()
