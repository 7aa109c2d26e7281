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
from gateway.demo.sign_on import CITIZENS, STAFF
from gateway.demo.story import Story
from gateway.demo.telling import Teller

EXAMPLES = Path("docs/examples")


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
    teller.say(f"Nhật ký / log       {province.gateway}/audit/log/checkpoint")
    for name, url in (province.registers | province.witnesses.urls).items():
        teller.say(f"{name:<20}{url}")
    teller.say("Dân / citizens      " + f"{province.gateway}/sign-on/{CITIZENS}")
    teller.say("Cán bộ / staff      " + f"{province.admin}/sign-on/{STAFF}")
    teller.say("Ctrl-C để dừng tất cả.", "Ctrl-C stops all of it.")
    teller.say(
        "Chép và chạy được ngay, bằng lệnh của chúng tôi hoặc chỉ với openssl và curl:",
        "Ready to copy, with our command or with openssl and curl alone:",
    )
    for line in _first_calls(province):
        click.echo(line)
    while not province.processes.ended("gateway"):
        time.sleep(0.5)
    raise NotReady(province.processes.log("gateway"))


def _first_calls(province: Province) -> tuple[str, str]:
    """Return a question that is ready to copy: with our command, and with openssl and curl alone.

    Who is asked about is in a file: a command line is seen by everybody on the machine.
    """
    question = EXAMPLES / "question.json"
    key = province.plan.directory / "clients" / "motcua-xa"
    command = ["motlan", "call", "dancu.tracuu", "--gateway", province.gateway]
    ours = [*command, "--key", f"{key}.json", "--subject-file", str(question)]
    shell = [f"MOTLAN={province.gateway}", f"KEY={key}.pem", str(EXAMPLES / "first_call.sh")]
    return (
        f"{Path(sys.executable).parent}/{shlex.join(ours)}",
        f"{' '.join(map(shlex.quote, shell))} dancu.tracuu < {question}",
    )


def _environ() -> dict[str, str]:
    """Return what the demo's processes inherit; a demo is configured by its own file."""
    return {**os.environ, "PYTHONUNBUFFERED": "1"}  # noqa: TID251 - children need PATH and HOME


def _stop(_signal: int, _frame: FrameType | None) -> None:
    sys.exit(0)
