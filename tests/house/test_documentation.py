"""The documentation as a test: what exists is described, what is described exists."""

import importlib
import pkgutil
import re
from pathlib import Path

import server
from server import errors
from server.access import ROLE_PERMISSIONS, Permission, Role
from server.api.problems import status_of
from server.config import Settings, setting_names

DOCS = Path(__file__).resolve().parents[2] / "docs"


def rows(page: str) -> dict[str, list[str]]:
    """The rows of a page's tables: what stands in back quotes first, to the other cells."""
    found = {}
    for line in (DOCS / page).read_text("utf-8").splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if line.startswith("|") and (name := re.match(r"`([\w.-]+)`", cells[0])):
            found[name.group(1)] = cells[1:]
    return found


def test_every_setting_is_described_and_nothing_else() -> None:
    assert set(rows("settings.md")) == set(setting_names())


def test_the_described_defaults_are_the_real_ones() -> None:
    described = rows("settings.md")
    for name in ("host", "port", "login_attempts", "login_wait_s", "reserve_mib", "log_level"):
        assert described[name][0].strip("`") == str(getattr(Settings(), name))


def test_the_table_of_permissions_is_the_one_in_force() -> None:
    described = rows("permissions.md")
    assert set(described) == {str(permission) for permission in Permission}
    for permission in Permission:
        for role, cell in zip(Role, described[permission], strict=True):
            assert (cell == "✓") == (permission in ROLE_PERMISSIONS[role]), (permission, role)


def test_every_problem_is_described_with_its_status() -> None:
    described = rows("problems.md")
    kinds = {kind.kind: kind for kind in all_kinds(errors.ServerError)}
    assert set(described) == set(kinds)
    for name, kind in kinds.items():
        assert described[name][0] == str(status_of(kind.__new__(kind))), name


def all_kinds(base: type[errors.ServerError]) -> set[type[errors.ServerError]]:
    """The class and everything derived from it, in all of the server's modules."""
    for module in pkgutil.walk_packages(server.__path__, "server."):
        if ".migrations" not in module.name:
            importlib.import_module(module.name)
    return {base}.union(*(all_kinds(derived) for derived in base.__subclasses__()))
