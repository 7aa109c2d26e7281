"""The database as the demonstration starts it: ``python -m tests.embedded_child DIRECTORY``.

Writes the number of the server's process to its standard output once it serves, then waits.
"""

import os
import signal
import sys
from pathlib import Path

from gateway.embedded import EmbeddedPostgres

if __name__ == "__main__":
    server = EmbeddedPostgres(Path(sys.argv[1]))
    server.start()
    os.write(1, f"{server.status().pid}\n".encode())
    signal.pause()
