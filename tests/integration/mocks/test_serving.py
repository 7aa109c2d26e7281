"""Registers in this process: free ports, test doors, a store that is built once."""

import time
from pathlib import Path

import httpx
import pytest

from mocks.faults import Fault
from mocks.serving import PORTS, serving


def files(directory: Path) -> list[Path]:
    """Return what is in *directory*."""
    return sorted(directory.iterdir())


async def test_the_doors_tell_faults_and_refuse_what_they_do_not_know(land: str) -> None:
    """A misspelt fault that passes silently makes a test that cannot fail."""
    async with httpx.AsyncClient(base_url=land) as client:
        listed = (await client.get("/__faults")).json()["faults"]
        unknown = await client.post("/__faults/gabled")
        odd = await client.post("/__faults/busy", params={"times": "many"})
        negative = await client.post("/__faults/busy", params={"times": -2})

    assert [fault.value for fault in Fault] == listed
    assert [404, 400, 400] == [reply.status_code for reply in (unknown, odd, negative)]


async def test_the_query_log_can_be_emptied(land: str) -> None:
    """Each test compares its own exchanges only."""
    async with httpx.AsyncClient(base_url=land) as client:
        await client.delete("/__queries")

        assert {"queries": []} == (await client.get("/__queries")).json()


@pytest.mark.parametrize("name", list(PORTS))
async def test_a_warm_store_is_ready_at_once(stores: Path, name: str) -> None:
    """Fault tests start registers by the dozen."""
    async with serving(name, stores):
        pass
    before = files(stores)
    started = time.process_time()
    async with serving(name, stores):
        spent_s = time.process_time() - started

    assert spent_s < 0.5
    assert before == files(stores)


async def test_registers_of_other_sizes_stand_side_by_side(tmp_path: Path) -> None:
    """A benchmark's big province must not replace the small one of the tests."""
    for people in (24, 60):
        async with serving("civil", tmp_path, people=people) as url, httpx.AsyncClient() as client:
            assert people == (await client.get(f"{url}/__health")).json()["people"]

    assert 2 == len(files(tmp_path))


async def test_an_unknown_register_is_no_register(tmp_path: Path) -> None:
    """A misspelt name must not start some other register."""
    with pytest.raises(KeyError):
        async with serving("tax", tmp_path):
            pass
