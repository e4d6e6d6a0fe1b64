"""A server of its own for each journey, with its logs kept."""

import io
import sys
import tempfile
from pathlib import Path

import pytest
from aiohttp.test_utils import TestClient

from server.log import configure_logging
from tests.canaries.journey import Journey
from tests.server.conftest import (
    add_account,
    ambient,
    authenticator,
    clock,
    database,
    empty_database,
    logs_as_before,
    nobody,
    passwords,
    server,
    settings,
    sign_in,
)

__all__ = [
    "add_account",
    "ambient",
    "authenticator",
    "clock",
    "database",
    "empty_database",
    "logs_as_before",
    "nobody",
    "passwords",
    "server",
    "settings",
    "sign_in",
]


@pytest.fixture
def journey(
    server: TestClient, monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> Journey:
    """Everything is logged that can be, where it can be read; what is put off elsewhere is found there."""
    log = io.StringIO()
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    monkeypatch.setenv("TMPDIR", str(elsewhere))
    monkeypatch.setattr(tempfile, "tempdir", None)
    monkeypatch.setattr(sys, "stderr", log)
    configure_logging("debug")
    return Journey(server, log, [elsewhere, Path("/dev/shm")])  # noqa: S108 - only looked at
