"""`motlan demo`: a whole province on this machine, and a story told with it."""

import os
import shlex
import signal
import sys
import time
from pathlib import Path
from types import FrameType

import click
from rich_click import RichCommand

from gateway.cli.answers import Answer, Failed, answering
from gateway.cli.exits import Exit
from gateway.demo.processes import NotReady
from gateway.demo.province import Plan, Province
from gateway.demo.story import ANH, CASE, Story
from gateway.demo.telling import Teller

QUESTION = '{"subject":{"so_dinh_danh":"%s","ho_ten":"%s","ngay_sinh":"%s"},"purpose":"%s","procedure":"%s","dossier":"%s","fields":["ho_ten","thuong_tru"]}'  # noqa: E501 - one line to copy


@click.command(cls=RichCommand)
@click.option("--once", is_flag=True, help="End after the story; 0 only if all went as told.")
@click.option("--people", type=click.IntRange(24), default=5_000, show_default=True)
@click.option(
    "--directory",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path(".motlan"),
    show_default=True,
    help="Where everything is made.",
)
@answering
def demo(*, once: bool, people: int, directory: Path) -> Answer:
    """Run database, registers and gateway; tell the story; stay up until Ctrl-C."""
    if not Path("mocks").is_dir():
        raise Failed(Exit.REFUSED, "the registers' stand-ins are not here: run it in a checkout")
    signal.signal(signal.SIGTERM, _stop)
    began = time.monotonic()
    province = Province(Plan(directory=directory.absolute(), people=people, environ=_environ()))
    teller = Teller()
    try:
        province.start()
        teller.say(
            f"Cổng sẵn sàng sau {time.monotonic() - began:.1f} giây.", "The gateway is ready."
        )
        Story(province, teller).run()
        _stay(province, teller, once=once)
    except NotReady as missing:
        raise Failed(Exit.FAULT, f"did not come up, see {missing}") from missing
    except KeyboardInterrupt:
        teller.say("Dừng.", "Stopping.")
    finally:
        province.stop()
    facts = {"failures": teller.failures}
    if teller.failures:
        return Answer(facts, "\n".join(teller.failures), Exit.UNHEALTHY)
    return Answer(facts, "")


def _stay(province: Province, teller: Teller, *, once: bool) -> None:
    """Print where things are; wait until somebody stops it, unless told to end."""
    if once:
        return
    teller.say("", "")
    teller.say(f"Cổng / gateway      {province.gateway}")
    teller.say(f"API                 {province.gateway}/schema/openapi.json")
    teller.say(f"Sức khoẻ / health   {province.management}/health")
    teller.say(f"Số đo / metrics     {province.management}/metrics")
    teller.say(f"Nhật ký / log        {province.gateway}/audit/log/checkpoint")
    for name, url in (province.registers | province.witnesses.urls).items():
        teller.say(f"{name:<20}{url}")
    teller.say("", "Ready to copy; the token lives 300 seconds:")
    click.echo(_curl(province))
    while not province.processes.ended("gateway"):
        time.sleep(0.5)
    raise NotReady(province.processes.log("gateway"))


def _curl(province: Province) -> str:
    from gateway.calling.system import System  # noqa: PLC0415 - only a demo that stays needs it

    system = System(province.gateway, "motcua-xa", province.keys["motcua-xa"])
    who = (ANH["so_dinh_danh"], ANH["ho_ten"], ANH["ngay_sinh"])
    body = QUESTION % (*who, CASE["purpose"], CASE["procedure"], CASE["dossier"])
    return (
        f"curl -s {province.gateway}/v1/data/dancu.tracuu "
        f"-H 'Authorization: Bearer {system.token()}' "
        f"-H 'Content-Type: application/json' -d {shlex.quote(body)}"
    )


def _environ() -> dict[str, str]:
    """Return what the demo's processes inherit; a demo is configured by its own file."""
    return {**os.environ, "PYTHONUNBUFFERED": "1"}  # noqa: TID251 - children need PATH and HOME


def _stop(_signal: int, _frame: FrameType | None) -> None:
    sys.exit(0)
