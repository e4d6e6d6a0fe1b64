"""Passwords: hashed with argon2id, the same however a keyboard composes them, and some made up for people."""

import random

from argon2 import PasswordHasher, extract_parameters
from argon2.low_level import Type
from hypothesis import given
from hypothesis import strategies as st

from server.accounts.passwords import MINIMUM_LENGTH, Passwords, generate_password

CHEAP = Passwords(PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))


def test_the_default_is_argon2id_with_64_mib():
    parameters = extract_parameters(Passwords().hash("a password for once"))
    assert (parameters.type, parameters.memory_cost, parameters.time_cost) == (Type.ID, 65_536, 3)


@given(st.text(max_size=40), st.text(max_size=40))
def test_a_password_matches_itself_and_no_other(password, other):
    stored = CHEAP.hash(password.encode("utf-8", "ignore").decode())
    assert CHEAP.verify(stored, password.encode("utf-8", "ignore").decode())
    assert CHEAP.verify(stored, other + "\N{SNOWMAN}") == (other + "\N{SNOWMAN}" == password)


def test_the_same_letters_composed_differently_are_the_same_password():
    assert CHEAP.verify(CHEAP.hash("Zo\N{LATIN SMALL LETTER E WITH DIAERESIS}"), "Zoe\N{COMBINING DIAERESIS}")


def test_nobodys_password_never_matches():
    assert not CHEAP.verify(None, "nobody has this password")


def test_a_hash_that_is_none_matches_nothing():
    assert not CHEAP.verify("not a hash", "password")


def test_a_text_with_half_characters_is_a_wrong_password_and_not_a_crash():
    assert not CHEAP.verify(CHEAP.hash("correct"), "\ud800")


def test_generated_passwords_differ_and_could_have_been_chosen():
    chance = random.Random(1)  # noqa: S311 - a repeatable test
    made = {generate_password(chance.randbytes) for _ in range(100)}
    assert len(made) == 100
    assert all(len(password) >= MINIMUM_LENGTH for password in made)
