"""Signatures for a release: one a person, valid for the very bytes that were looked at."""

import pytest

from server import catalog
from server.ambient import Ambient
from server.catalog import Signature
from server.db import Database
from server.errors import AlreadySignedError
from tests.server.conftest import add_asset

ANNA, BRUNO = ("u1", "anna"), ("u2", "bruno")


class Desk:
    """Where an asset is signed."""

    def __init__(self, database: Database, ambient: Ambient) -> None:
        self.database, self.ambient = database, ambient
        self.asset_id = add_asset(database, state="awaiting_release")
        self.convert("digest 1")

    def convert(self, digest: str) -> None:
        values = {"canonical_sha256": digest}
        self.database.write_now(lambda c: catalog.update_asset(c, self.ambient, self.asset_id, values))

    def sign(self, account_id: str | None, name: str, digest: str = "digest 1") -> int:
        def work(connection) -> list[Signature]:
            return catalog.sign(
                connection, self.ambient, self.asset_id, digest, account_id=account_id, name=name
            )

        return len(self.database.write_now(work))

    def count(self) -> int:
        read = self.database.read_now
        return read(lambda c: catalog.get_asset(c, self.asset_id, intake=True)).signature_count


@pytest.fixture
def desk(database: Database, ambient: Ambient) -> Desk:
    return Desk(database, ambient)


def test_two_people_sign_in_their_order(desk: Desk) -> None:
    assert (desk.sign(*ANNA), desk.sign(*BRUNO), desk.count()) == (1, 2, 2)
    found = desk.database.read_now(lambda c: catalog.signatures_of(c, desk.asset_id, "digest 1"))
    assert [(one.account_id, one.name) for one in found] == [ANNA, BRUNO]


def test_nobody_signs_twice_under_whatever_name(desk: Desk) -> None:
    desk.sign(*ANNA)
    with pytest.raises(AlreadySignedError):
        desk.sign("u1", "anna who is called otherwise by now")
    assert desk.count() == 1


def test_the_command_line_is_one_person(desk: Desk) -> None:
    desk.sign(None, "command line")
    with pytest.raises(AlreadySignedError):
        desk.sign(None, "command line")
    assert desk.sign(*ANNA) == 2


def test_other_bytes_need_new_signatures(desk: Desk) -> None:
    desk.sign(*ANNA)
    desk.convert("digest 2")
    assert desk.count() == 0
    assert desk.sign(*ANNA, digest="digest 2") == 1
    assert desk.count() == 1


def test_void_signatures_are_gone_even_where_the_bytes_come_out_the_same(desk: Desk) -> None:
    desk.sign(*ANNA)
    assert desk.database.write_now(lambda c: catalog.void_signatures(c, desk.asset_id)) == 1
    assert desk.count() == 0
    assert desk.sign(*ANNA) == 1
