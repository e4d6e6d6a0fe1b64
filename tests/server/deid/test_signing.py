"""One exact form of a document, and its signature."""

import base64
import copy
import json
import os
import stat

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.deid.signing import (
    SignatureError,
    Signer,
    canonical,
    check_signature,
    key_id,
    read_public_key,
    without_fractions,
)

EXACT = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | st.text(),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text("abcXYZ_09", min_size=1), inner, max_size=4)
    ),
    max_leaves=12,
)
SIGNER_SEED = bytes(range(32))


@pytest.fixture(scope="module")
def signer(tmp_path_factory):
    return Signer.of_data(tmp_path_factory.mktemp("data"), lambda count: SIGNER_SEED[:count])


def test_the_exact_form_is_that_of_rfc_8785():
    document = {"b": [1, True, None], "a": '€\u20ac\n\u000f"\\/', "A": {"z": -5, "y": ""}}
    assert (
        canonical(document) == '{"A":{"y":"","z":-5},"a":"€€\\n\\u000f\\"\\\\/","b":[1,true,null]}'.encode()
    )


@given(document=EXACT)
def test_the_exact_form_is_json_that_reads_as_the_document_and_has_only_one_form(document):
    data = canonical(document)
    assert json.loads(data) == document
    assert canonical(json.loads(json.dumps(document, indent=3))) == data


@pytest.mark.parametrize("value", [1.5, 2**53, {"ü": 1}, {1: 2}, b"x", ("a",), float("nan")])
def test_what_two_readers_could_read_differently_has_no_exact_form(value):
    with pytest.raises((TypeError, ValueError)):
        canonical({"value": value})


def test_numbers_that_are_not_whole_become_text_without_loss():
    value = {"a": [0.1, 1e-12, 45.29], "b": 3, "c": True}
    assert without_fractions(value) == {"a": ["0.1", "1e-12", "45.29"], "b": 3, "c": True}


@given(document=st.dictionaries(st.text("abc", min_size=1), EXACT, max_size=4), data=st.data())
def test_a_signature_holds_for_its_document_and_for_no_other(signer, document, data):
    signature = signer.sign(document)
    assert check_signature(json.loads(json.dumps(document)), signature) == key_id(signer.public_key)
    other = data.draw(st.dictionaries(st.text("abc", min_size=1), EXACT, max_size=4))
    if canonical(other) != canonical(document):
        with pytest.raises(SignatureError):
            check_signature(other, signature)


@given(place=st.integers(0, 63), bit=st.integers(0, 7))
def test_no_bit_of_a_signature_can_be_turned(signer, place, bit):
    signature = signer.sign({"a": 1})
    value = bytearray(base64.b64decode(signature["value"]))
    value[place] ^= 1 << bit
    with pytest.raises(SignatureError):
        check_signature({"a": 1}, signature | {"value": base64.b64encode(value).decode()})


def test_another_key_than_the_one_that_should_have_signed_is_told(signer, tmp_path):
    other = Signer.of_data(tmp_path, os.urandom)
    signature = other.sign({"a": 1})
    check_signature({"a": 1}, signature)
    with pytest.raises(SignatureError, match="another key"):
        check_signature({"a": 1}, signature, public_key=signer.public_key)


@pytest.mark.parametrize(
    "signature",
    [
        None, "x", [], {}, {"algorithm": "Ed25519"},
        {"algorithm": "none", "key_id": "x", "public_key": "", "value": ""},
        {"algorithm": "Ed25519", "key_id": "x", "public_key": "&&&", "value": ""},
        {"algorithm": "Ed25519", "key_id": "x", "public_key": 7, "value": 7},
    ],
)  # fmt: skip
def test_what_is_no_signature_is_one_sentence(signature):
    with pytest.raises(SignatureError):
        check_signature({"a": 1}, signature)


def test_a_key_that_is_none_is_refused_in_words(signer):
    signature = copy.deepcopy(signer.sign({"a": 1}))
    short = base64.b64encode(b"short").decode()
    with pytest.raises(SignatureError):
        check_signature({"a": 1}, signature | {"public_key": short, "key_id": key_id(b"short")})
    with pytest.raises(SignatureError, match="PEM"):
        read_public_key(b"no key")


def test_the_key_is_made_once_for_its_owner_alone_and_its_public_half_reads_back(tmp_path):
    first = Signer.of_data(tmp_path, os.urandom)
    file = tmp_path / "keys" / "report.key"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert Signer.of_data(tmp_path, os.urandom).public_key == first.public_key
    assert read_public_key(first.public_pem.encode()) == first.public_key
    assert file.read_bytes() not in first.public_pem.encode()
