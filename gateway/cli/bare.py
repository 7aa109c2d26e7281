"""How a process begins that has no terminal: without what would draw on one."""

import sys
from collections.abc import Callable
from importlib import import_module

# Libraries take these in wherever they are installed, to draw the traces of errors in colours;
# our lines are JSON.  Left out, a worker is 4 MiB smaller.
UNNEEDED = ("rich",)


def main(arguments: list[str]) -> int:
    """Run a module of ours as if the libraries of terminals were not installed.

    Args:
        arguments: the module, and the arguments of its `main`.

    Returns:
        What its `main` returns.
    """
    for name in UNNEEDED:
        sys.modules[name] = None  # type: ignore[assignment]  # there is no such module
    run: Callable[[list[str]], int] = import_module(arguments[0]).main
    return run(arguments[1:])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
