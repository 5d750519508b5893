"""Configuration: the last good version is what is in force."""

from hypothesis import given
from hypothesis import strategies as st

from drawbridge.configuration import Broken, in_force
from drawbridge.errors import InvalidInputError
from tests.fakes.configuration import InMemoryParameters

texts = st.sampled_from(["good 1", "good 2", "bad 1", "bad 2"])


def parse(name: str, text: str) -> str:
    if not text.startswith("good"):
        raise InvalidInputError(f"{name}: {text} is not good")
    return f"{name}={text}"


def test_a_broken_version_leaves_the_last_good_one_in_force_and_stops_no_other() -> None:
    parameters = InMemoryParameters("policies", {"one": ["good 1", "good 2", "bad 1", "bad 2"], "two": ["good 1"]})

    result = in_force(parameters, "policies", parse)

    assert result.things == ("one=good 2", "two=good 1")
    assert result.versions == (("one", 2), ("two", 1))
    assert result.broken == (Broken("one", "one: bad 2 is not good", 2),)


def test_what_never_was_good_never_takes_effect() -> None:
    result = in_force(InMemoryParameters("policies", {"one": ["bad 1", "bad 2"]}), "policies", parse)

    assert (result.things, result.versions) == ((), ())
    assert result.broken[0].in_force is None


@given(st.dictionaries(st.sampled_from("abc"), st.lists(texts, min_size=1, max_size=5)))
def test_a_good_newest_version_is_always_in_force_and_a_bad_one_never(versions: dict[str, list[str]]) -> None:
    result = in_force(InMemoryParameters("policies", versions), "policies", parse)

    broken = {each.name for each in result.broken}
    assert broken == {name for name, texts in versions.items() if texts[-1].startswith("bad")}
    assert all("good" in thing for thing in result.things)
    assert len(result.things) == sum(any(text.startswith("good") for text in texts) for texts in versions.values())
