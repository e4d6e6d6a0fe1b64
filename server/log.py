"""Structured logs: one JSON object a line on standard error.

A log call names its fields; nothing here formats an exception's text, because that text may hold what
somebody's file contained.
"""

import json
import logging
import sys

import structlog

LEVELS = {"debug": 10, "info": 20, "warning": 30, "error": 40}


def configure_logging(level: str) -> None:
    """Send our own logs and the libraries' warnings to standard error; an unknown level is ``info``."""
    threshold = LEVELS.get(level.lower(), LEVELS["info"])
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True, key="at"),
            structlog.processors.JSONRenderer(sort_keys=True, ensure_ascii=False),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(threshold),
        logger_factory=structlog.PrintLoggerFactory(file=sys.stderr),
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_LibraryFormatter())
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)


class _LibraryFormatter(logging.Formatter):
    """A library's record as its logger's name and level: its text could quote a request or a file."""

    def format(self, record: logging.LogRecord) -> str:
        kind = record.exc_info[0] if record.exc_info else None
        fields = {"event": "library", "level": record.levelname.lower(), "logger": record.name}
        return json.dumps(fields if kind is None else {**fields, "error": kind.__name__})
