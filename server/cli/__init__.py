"""The command line: ``slidereel COMMAND``."""

from server.cli.main import main

__all__ = ["main"]
