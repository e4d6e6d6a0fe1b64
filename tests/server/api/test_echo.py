"""What a sender wrote into a field does not come back in the answer: it may be a patient's name."""

import pytest

from annotations.errors import AnnotationError
from annotations.wire import changeset_from_json
from server.access import Role
from tests.server.conftest import SignIn, change_set, feature

NAME = "DOE^JANE 'Mc`D'"


@pytest.mark.parametrize(
    "body",
    [
        {"username": "anna", "role": "annotator", "password": "x" * 20, NAME: 1},
        {"username": 7, "role": NAME, "password": NAME},
        {NAME: NAME},
    ],
)
async def test_a_refused_request_names_the_place_and_not_the_content(sign_in: SignIn, body: object) -> None:
    ada = await sign_in(Role.ADMIN)
    answer = await ada.ask("POST", "/api/v1/users", json=body)
    assert answer.status == 422
    assert "DOE" not in await answer.text()


def test_an_annotation_with_an_unknown_kind_or_field_is_refused_without_repeating_it() -> None:
    for spoiled in (
        change_set(created=[{**feature(), NAME: 1}]),
        change_set(created=[feature({"type": NAME, "coordinates": [1, 2]})]),
        {**change_set(), NAME: NAME},
    ):
        with pytest.raises(AnnotationError) as refused:
            changeset_from_json(spoiled)
        assert "DOE" not in str(refused.value)
