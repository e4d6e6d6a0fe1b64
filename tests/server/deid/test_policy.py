"""The policy file: what it may say, and what it means."""

import re
import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.deid.policy import (
    KEPT,
    UnknownProfileError,
    built_in_text,
    find_policy,
    load_policy,
    parse_policy,
)
from server.deid.policy_table import PolicyError
from tiling.scrub.rules import MacroRule, TextRule
from tiling.scrub.rules import ScrubRules as SlideRules
from video.scrub.rules import Material, OutOfBody
from video.scrub.rules import ScrubRules as VideoRules

DOCS = Path(__file__).resolve().parents[3] / "docs" / "policy.md"
SMALL = 'name = "ours"\nversion = "7"\n[profile.standard]\ndescription = "All of it."\n'


def test_the_built_in_policy_is_its_own_file_and_has_the_four_profiles():
    policy = load_policy(None)
    assert [profile.name for profile in policy.profiles] == [
        "standard",
        "strict",
        "ultrasound",
        "keep-scales",
    ]
    assert policy.profile() is policy.profile("standard")
    assert parse_policy(built_in_text()) == policy


def test_the_built_in_profiles_mean_what_their_descriptions_say():
    profile = load_policy(None).profile
    standard, strict = profile("standard"), profile("strict")
    assert (standard.video, standard.slide) == (VideoRules(), SlideRules())
    assert (standard.signatures, standard.originals) == (1, "destroy")
    assert strict.slide == SlideRules(MacroRule.DROP, TextRule.MASK)
    assert strict.video.out_of_body is OutOfBody.BLANK
    assert strict.signatures == 2
    assert profile("ultrasound").video == VideoRules(material=Material.ULTRASOUND)
    assert profile("keep-scales").video == VideoRules(keep_rulers=True, keep_colour_bars=True)


def test_a_small_file_is_a_whole_policy_and_what_it_leaves_out_is_as_in_the_standard():
    policy = parse_policy(SMALL)
    assert (policy.name, policy.version, policy.default_profile) == ("ours", "7", "standard")
    assert policy.profile().video == load_policy(None).profile("standard").video


@pytest.mark.parametrize(
    ("text", "key"),
    [
        (SMALL + "[extra]\n", "extra"),
        (SMALL + "signatures = 3\n", "profile.standard.signatures"),
        (SMALL + "signatures = true\n", "profile.standard.signatures"),
        (SMALL + 'originals = "shred"\n', "profile.standard.originals"),
        (SMALL + "[profile.standard.video]\nsecret_mrn = 1\n", "profile.standard.video.secret_mrn"),
        (SMALL + '[profile.standard.video]\ntext = "yes"\n', "profile.standard.video.text"),
        (SMALL + '[profile.standard.video]\nmaterial = "xray"\n', "profile.standard.video.material"),
        (SMALL + "[profile.standard.slide]\nmacro = 1\n", "profile.standard.slide.macro"),
        (SMALL + '[kept]\nslide = ["everything"]\n', "kept.slide"),
        (SMALL + "[kept]\nlabel = []\n", "kept.label"),
        (SMALL.replace('"7"', "7"), "version"),
        (SMALL.replace('name = "ours"\n', ""), "name"),
        (SMALL.replace('"All of it."', '""'), "profile.standard.description"),
        ('default_profile = "gone"\n' + SMALL, "default_profile"),
        (SMALL + "slide = 3\n", "profile.standard.slide"),
        ('name = "a"\nversion = "1"\nprofile = 3\n', "profile"),
    ],
)
def test_what_is_not_understood_is_refused_with_the_name_of_its_key(text, key):
    with pytest.raises(PolicyError, match=re.escape(f"“{key}”")):
        parse_policy(text)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (SMALL + "signatures = 3\n", 5),
        (SMALL + "# signatures = 3\n\n" + "signatures = 3\n", 7),
        (SMALL + '[profile.other]\nsignatures = 2\ndescription = ""\n', 7),
        (SMALL + "[profile.other]\nsignatures = 2\n", 5),
        (SMALL + "[kept]\nslide = [\n  'all',\n]\n", 6),
        (SMALL + "[profile.X]\n", 5),
        ('default_profile = "gone"\n' + SMALL, 1),
        (SMALL + "signatures = = 3\n", 5),
        (SMALL + 'default = "never closed', 5),
        (SMALL + "signatures = ", 5),
        (SMALL + "signatures = 1\nsignatures = 1\n", 6),
        (SMALL.replace('name = "ours"\n', ""), None),
        (SMALL + "\n# surplus\n" * 200 + "surplus = 1\n", None),
    ],
)
def test_a_refusal_says_the_line(text, line):
    with pytest.raises(PolicyError) as raised:
        parse_policy(text)
    said = re.findall(r" \(line (\d+)\)\.$", str(raised.value))
    assert said == ([] if line is None else [str(line)])


def test_what_is_missing_is_said_to_be_missing_and_too_deep_a_file_to_be_too_deep():
    with pytest.raises(PolicyError, match=r"“version” is missing"):
        parse_policy(SMALL.replace('version = "7"\n', ""))
    with pytest.raises(PolicyError, match=r"“profile\.standard\.description” is missing.*line 3"):
        parse_policy(SMALL.replace('description = "All of it."\n', ""))
    with pytest.raises(PolicyError, match="nested deeper"):
        parse_policy(SMALL + "x = " + "[" * 5_000)


def test_a_key_that_cannot_be_printed_is_not():
    with pytest.raises(PolicyError, match=r"“a·\[0m” is not known"):
        parse_policy('"a\\u001b[0m" = 1\n' + SMALL)


VALUES = st.one_of(st.integers(), st.booleans(), st.text("JaneDoe19", min_size=6, max_size=12).map(repr))
KEYS = ["name", "version", "default_profile", "description", "signatures", "originals", "material", "text"]


@given(where=st.sampled_from(["", "[profile.standard]\n", "[profile.standard.video]\n"]), data=st.data())
def test_no_refusal_repeats_a_value(where, data):
    key, value = data.draw(st.sampled_from(KEYS)), data.draw(VALUES)
    shown = str(value).lower() if isinstance(value, bool) else str(value)
    try:
        parse_policy(f"{where}{key} = {shown}\n" if where else f"{key} = {shown}\n{SMALL}")
    except PolicyError as error:
        assert len(shown) < 6 or shown.strip("'") not in str(error)


@pytest.mark.parametrize("name", ["Standard", "a b", "-x", "x" * 41, '"é"'])
def test_a_profile_has_a_plain_name(name):
    name = name if name.startswith('"') else f'"{name}"'
    with pytest.raises(PolicyError, match="name of a profile"):
        parse_policy(SMALL + f'[profile.{name}]\ndescription = "x"\n')


def test_comments_order_and_defaults_that_are_written_out_do_not_change_the_digest_and_a_rule_does():
    policy = parse_policy(SMALL)
    written_out = 'version = "7" # seven\nname = "ours"\n[profile.standard]\nsignatures = 1\n'
    written_out += 'description = "All of it."\n[profile.standard.video]\ntext = true\n'
    assert parse_policy(written_out).digest == policy.digest
    assert parse_policy(SMALL + "signatures = 2\n").digest != policy.digest
    assert parse_policy(SMALL.replace('"7"', '"8"')).digest != policy.digest
    assert re.fullmatch("[0-9a-f]{64}", policy.digest)


def test_originals_can_be_kept_for_a_number_of_days_and_only_where_they_are_kept():
    kept = parse_policy(SMALL + 'originals = "keep"\nkeep_days = 30\n')
    assert kept.profile("standard").keep_days == 30
    assert parse_policy(SMALL + 'originals = "keep"\n').digest != kept.digest
    assert "keep_days" not in str(parse_policy(SMALL).to_json())
    for wrong in ("0", "36501", "true", '"30"', "1.5"):
        with pytest.raises(PolicyError, match=r"standard\.keep_days.*days.*line \d"):
            parse_policy(SMALL + f'originals = "keep"\nkeep_days = {wrong}\n')
    with pytest.raises(PolicyError, match=r"standard\.keep_days.*no effect.*line \d"):
        parse_policy(SMALL + "keep_days = 30\n")


def test_a_link_that_leads_nowhere_does_not_put_the_built_in_policy_in_force(tmp_path):
    (tmp_path / "policy.toml").symlink_to(tmp_path / "mounted" / "policy.toml")
    with pytest.raises(PolicyError, match="cannot be read"):
        find_policy(tmp_path, None)


def test_a_profile_that_is_not_there_is_said_without_repeating_what_was_asked_for():
    with pytest.raises(UnknownProfileError) as raised:
        load_policy(None).profile("jane doe 1951")
    assert "jane" not in str(raised.value)


def test_the_file_of_a_setting_comes_before_the_one_in_the_data_folder_and_that_before_the_built_in(tmp_path):
    assert find_policy(tmp_path, None).name == "slidereel"
    (tmp_path / "policy.toml").write_text(SMALL)
    assert find_policy(tmp_path, None).name == "ours"
    other = tmp_path / "other.toml"
    other.write_text(SMALL.replace("ours", "theirs"))
    assert find_policy(tmp_path, other).name == "theirs"


@pytest.mark.parametrize("content", [b"\xff\xfe", b"name = ", b"x" * (300 << 10), b"a = " + b"[" * 20_000])
def test_a_file_that_is_none_is_one_sentence(tmp_path, content):
    (tmp_path / "policy.toml").write_bytes(content)
    with pytest.raises(PolicyError):
        find_policy(tmp_path, None)


def test_a_named_file_that_is_missing_or_a_folder_is_never_replaced_by_the_built_in_one(tmp_path):
    with pytest.raises(PolicyError, match="cannot be read"):
        find_policy(tmp_path, tmp_path / "gone.toml")
    (tmp_path / "policy.toml").mkdir()
    with pytest.raises(PolicyError, match="cannot be read"):
        find_policy(tmp_path, None)


def test_the_list_of_kept_values_in_the_file_is_the_one_in_force():
    assert {place: tuple(names) for place, names in tomllib.loads(built_in_text())["kept"].items()} == KEPT


def test_every_key_and_profile_of_a_policy_file_is_described():
    described = set(re.findall(r"^\| `([\w.-]+)`", DOCS.read_text("utf-8"), re.MULTILINE))
    policy = load_policy(None)
    standard = policy.profile("standard").to_json()
    keys = {"name", "version", "default_profile"} | {f"kept.{place}" for place in KEPT}
    keys |= {key for key in standard if key not in ("name", "video", "slide")} | {"keep_days"}
    keys |= {f"{kind}.{key}" for kind in ("video", "slide") for key in standard[kind]}
    assert described == keys | {profile.name for profile in policy.profiles}


def test_the_example_of_the_documentation_is_a_policy():
    (example,) = re.findall(r"^```toml\n(.*?)^```", DOCS.read_text("utf-8"), re.MULTILINE | re.DOTALL)
    policy = parse_policy(example)
    assert policy.name == "st-elsewhere"
    assert policy.profile().name == "standard"
