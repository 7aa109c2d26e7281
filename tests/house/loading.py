"""What a worker has loaded once its application is built; run by `gateway.cli.bare`."""

import sys


def main(_: list[str]) -> int:
    """Build the application, then print the modules that are loaded, a line each."""
    from gateway.app import build  # noqa: PLC0415 - the program begins here
    from gateway.cli import worker  # noqa: PLC0415
    from gateway.settings import load  # noqa: PLC0415
    from gateway.worker import Worker  # noqa: PLC0415

    assert worker
    assert build(Worker(load({}, {})))
    sys.stdout.writelines(f"{name}\n" for name, module in sys.modules.items() if module)
    return 0
