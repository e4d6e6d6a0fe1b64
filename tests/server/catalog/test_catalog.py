"""Cases and assets in the database: who may know of them, which steps exist, pages without gaps."""

import itertools

import pytest

from server import catalog
from server.ambient import Ambient
from server.catalog import NewAsset, Problem, State
from server.catalog.model import TRANSITIONS
from server.db import Database
from server.errors import InvalidInputError, NotFoundError, WrongStateError
from tests.server.conftest import Clock


class Archive:
    """A database and what tests do with it."""

    def __init__(self, database: Database, ambient: Ambient, clock: Clock) -> None:
        self.database, self.ambient, self.clock = database, ambient, clock
        self.numbers = itertools.count()

    def add(self, state: State = State.RELEASED, case: str = "A") -> str:
        asset_id = f"asset{next(self.numbers):04d}"

        def work(connection) -> None:
            found, _ = catalog.get_or_create_case(connection, self.ambient, case)
            new = NewAsset(asset_id, found.case_id, "slide", ".svs", 7, "system", asset_id)
            catalog.create_asset(connection, self.ambient, new)
            catalog.update_asset(connection, self.ambient, asset_id, {"state": state})

        self.database.write_now(work)
        return asset_id

    def move(self, asset_id: str, state: State, **more) -> None:
        self.database.write_now(lambda c: catalog.set_state(c, self.ambient, asset_id, state, **more))

    def get(self, asset_id: str, *, intake: bool = True) -> catalog.Asset:
        return self.database.read_now(lambda c: catalog.get_asset(c, asset_id, intake=intake))

    def listed(self, **how) -> catalog.Page[catalog.Asset]:
        how.setdefault("intake", True)
        return self.database.read_now(lambda c: catalog.list_assets(c, **how))

    def cases(self, **how) -> dict[str, int]:
        page = self.database.read_now(lambda c: catalog.list_cases(c, **how))
        return {item.case.name: item.asset_count for item in page.items}


@pytest.fixture
def archive(database: Database, ambient: Ambient, clock: Clock) -> Archive:
    return Archive(database, ambient, clock)


@pytest.mark.parametrize("state", [s for s in State if s is not State.RELEASED])
def test_an_asset_that_is_not_released_does_not_exist_without_intake(archive: Archive, state: State) -> None:
    asset_id = archive.add(state)
    assert archive.get(asset_id).state is state
    with pytest.raises(NotFoundError):
        archive.get(asset_id, intake=False)
    assert archive.listed(intake=False).items == ()
    assert archive.listed(intake=False, state=state).items == ()
    assert archive.cases(intake=False) == {}


@pytest.mark.parametrize(("before", "after"), list(itertools.product(State, State)))
def test_only_the_drawn_steps_exist(archive: Archive, before: State, after: State) -> None:
    asset_id = archive.add(before)
    if after in TRANSITIONS[before]:
        archive.move(asset_id, after)
        assert archive.get(asset_id).state is after
    else:
        with pytest.raises(WrongStateError):
            archive.move(asset_id, after)
        assert archive.get(asset_id).state is before


def test_every_state_but_the_last_two_leads_on_and_all_can_be_reached() -> None:
    ends = {state for state, following in TRANSITIONS.items() if not following}
    assert ends == {State.RELEASED, State.DISCARDED}
    reached, fresh = {State.QUARANTINED}, {State.QUARANTINED}
    while fresh:
        fresh = set().union(*(TRANSITIONS[state] for state in fresh)) - reached
        reached |= fresh
    assert reached == set(State)


def test_a_problem_goes_when_the_asset_goes_on(archive: Archive) -> None:
    asset_id = archive.add(State.CONVERTING)
    archive.move(asset_id, State.REFUSED, problem=Problem("corrupt-slide", "It is cut short.", "abcd1234"))
    assert archive.get(asset_id).problem == Problem("corrupt-slide", "It is cut short.", "abcd1234")
    archive.move(asset_id, State.QUARANTINED)
    assert archive.get(asset_id).problem is None


def test_pages_cover_everything_once_newest_first(archive: Archive) -> None:
    added = []
    for number in range(11):
        added.append(archive.add())
        if number % 3 == 0:  # several at the same moment too
            archive.clock.turn(seconds=1)
    seen, cursor = [], None
    while True:
        page = archive.listed(limit=3, cursor=cursor)
        seen += [item.asset_id for item in page.items]
        if (cursor := page.next_cursor) is None:
            break
    assert len(seen) == len(set(seen)) == 11
    stamps = [archive.get(asset_id).created_at for asset_id in seen]
    assert stamps == sorted(stamps, reverse=True)
    assert set(seen) == set(added)


@pytest.mark.parametrize("cursor", ["x", "%%%", "YWJj", "YXxifGM", "é"])
def test_a_foreign_cursor_is_refused(archive: Archive, cursor: str) -> None:
    with pytest.raises(InvalidInputError):
        archive.listed(cursor=cursor)


def test_discarded_assets_are_listed_only_when_asked_for(archive: Archive) -> None:
    gone, here = archive.add(State.DISCARDED), archive.add()
    assert [item.asset_id for item in archive.listed().items] == [here]
    assert [item.asset_id for item in archive.listed(state=State.DISCARDED).items] == [gone]


def test_cases_count_what_the_asker_can_see(archive: Archive) -> None:
    for state, case in [
        (State.RELEASED, "A"),
        (State.REFUSED, "A"),
        (State.DISCARDED, "A"),
        (State.CONVERTING, "B"),
        (State.DISCARDED, "C"),
    ]:
        archive.add(state, case)
    assert archive.cases(intake=True) == {"A": 2, "B": 1, "C": 0}
    assert archive.cases(intake=False) == {"A": 1}


def test_a_case_name_is_composed_and_trimmed() -> None:
    assert catalog.checked_case_name("  Fa\u0308lle ") == "F\u00e4lle"
    assert catalog.checked_case_name(None) == catalog.DEFAULT_CASE


def test_a_case_is_made_once(archive: Archive, database: Database, ambient: Ambient) -> None:
    first, is_new = database.write_now(lambda c: catalog.get_or_create_case(c, ambient, "A"))
    again, is_new_again = database.write_now(lambda c: catalog.get_or_create_case(c, ambient, "A"))
    assert (first, is_new, is_new_again) == (again, True, False)
