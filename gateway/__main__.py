"""`python -m gateway` runs the command line."""

from gateway.cli.commands import main

if __name__ == "__main__":
    main(prog_name="motlan")
