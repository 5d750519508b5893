"""The plan of putting policies in force: what is written and removed, and what it comes to."""

from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drawbridge.configuration import Broken, ConfigurationParameter, InForce
from drawbridge.decision.in_force import policies_in_force
from drawbridge.decision.policies import Policy
from drawbridge.errors import InvalidInputError
from drawbridge_cli.policy_changes import PolicyChanges, changes_of, default_names
from tests.cli.made import DEFAULTS, FORBID, PERMIT, PERMIT_PROVIDER, parsed

NOTHING: frozenset[str] = frozenset()
KEPT = frozenset({"kept"})


def in_force(named: Mapping[str, str], *broken: Broken) -> InForce[Policy]:
    return InForce(parsed(named), tuple((name, 1) for name in sorted(named)), broken)


def plan(
    files: Mapping[str, str],
    there: Mapping[str, str],
    *broken: Broken,
    prune: bool = False,
    keep: frozenset[str] = NOTHING,
) -> PolicyChanges:
    return changes_of(parsed(files), in_force(there, *broken), prune=prune, keep=keep)


def then(made: PolicyChanges) -> dict[str, str]:
    return {policy.name: policy.text for policy in made.then}


def written(made: PolicyChanges) -> list[str]:
    return [policy.name for policy in made.to_write]


def test_a_policy_that_is_not_there_is_new() -> None:
    made = plan({"a": PERMIT}, {"b": FORBID})

    assert (made.new, made.changed, made.same, made.others) == (("a",), (), (), ("b",))
    assert written(made) == ["a"]
    assert then(made) == {"a": PERMIT, "b": FORBID}


def test_a_policy_of_another_text_is_changed() -> None:
    made = plan({"a": PERMIT}, {"a": FORBID})

    assert (made.new, made.changed, made.same, made.others) == ((), ("a",), (), ())
    assert written(made) == ["a"]
    assert then(made) == {"a": PERMIT}


def test_a_policy_of_the_same_text_is_left() -> None:
    made = plan({"a": PERMIT}, {"a": PERMIT})

    assert (made.new, made.changed, made.same, made.others) == ((), (), ("a",), ())
    assert made.is_empty


def test_others_go_only_where_the_files_are_the_whole_set() -> None:
    files, there = {"a": PERMIT}, {"a": PERMIT, "b": FORBID}

    kept, pruned = plan(files, there), plan(files, there, prune=True)

    assert (kept.others, kept.to_remove, kept.is_empty) == (("b",), (), True)
    assert (pruned.others, pruned.to_remove, pruned.is_empty) == ((), ("b",), False)
    assert then(pruned) == {"a": PERMIT}


def test_what_belongs_to_the_stack_is_never_removed() -> None:
    made = plan({"a": PERMIT}, {"kept": FORBID}, prune=True, keep=KEPT)

    assert (made.to_remove, made.others) == ((), ("kept",))
    assert then(made) == {"a": PERMIT, "kept": FORBID}


def test_what_belongs_to_the_stack_is_never_changed() -> None:
    with pytest.raises(InvalidInputError, match=r"^policy kept: it belongs to the stack"):
        plan({"kept": PERMIT}, {"kept": FORBID}, keep=KEPT)


def test_what_belongs_to_the_stack_and_is_gone_is_not_written_either() -> None:
    with pytest.raises(InvalidInputError, match=r"^policy kept: it belongs to the stack"):
        plan({"kept": PERMIT}, {}, keep=KEPT)


def test_what_belongs_to_the_stack_may_be_among_the_files_as_it_is() -> None:
    made = plan({"kept": PERMIT}, {"kept": PERMIT}, prune=True, keep=KEPT)

    assert made.same == ("kept",)
    assert made.is_empty


def test_a_broken_policy_is_mended_by_its_file() -> None:
    never_good = plan({"a": PERMIT}, {}, Broken("a", "no policy", None))
    good_before = plan({"a": PERMIT}, {"a": PERMIT}, Broken("a", "no policy", 1))

    for made in (never_good, good_before):
        assert (written(made), made.new, made.changed) == (["a"], (), ("a",))
        assert then(made) == {"a": PERMIT}


@pytest.mark.parametrize("there", [{}, {"b": FORBID}])
def test_a_broken_policy_that_no_file_mends_goes_with_the_others_or_stays(there: dict[str, str]) -> None:
    broken = Broken("b", "no policy", 1 if there else None)

    kept, pruned = plan({"a": PERMIT}, there, broken), plan({"a": PERMIT}, there, broken, prune=True)

    assert kept.to_remove == ()
    assert then(kept) == {"a": PERMIT} | there
    assert pruned.to_remove == ("b",)
    assert then(pruned) == {"a": PERMIT}


def test_a_broken_policy_of_the_stack_is_the_stacks_to_mend() -> None:
    broken = Broken("kept", "no policy", None)

    assert plan({"a": PERMIT}, {}, broken, prune=True, keep=KEPT).to_remove == ()
    with pytest.raises(InvalidInputError, match="belongs to the stack"):
        plan({"kept": PERMIT}, {}, broken, keep=KEPT)


def test_that_there_is_no_policy_at_all_is_no_policy_to_remove() -> None:
    class Nothing:
        def below(self, path: str) -> list[ConfigurationParameter]:
            return []

        def earlier(self, path: str, name: str, *, than: int) -> list[ConfigurationParameter]:
            return []

    none_at_all = policies_in_force(Nothing(), everything_may_be_permitted=False)

    made = changes_of(parsed({"a": PERMIT}), none_at_all, prune=True, keep=NOTHING)

    assert none_at_all.broken
    assert (made.new, made.to_remove) == (("a",), ())


def test_forbids_are_written_before_permits() -> None:
    made = plan({"a": PERMIT, "b": PERMIT_PROVIDER, "z": FORBID, "y": f"{PERMIT}{FORBID}"}, {"a": FORBID})

    assert written(made) == ["y", "z", "a", "b"]


def test_the_default_policies_are_known_by_name() -> None:
    assert default_names() == set(DEFAULTS)


_texts = st.dictionaries(st.sampled_from("abcdef"), st.sampled_from([PERMIT, PERMIT_PROVIDER, FORBID]))


@given(_texts, _texts, st.sets(st.sampled_from("abcdef")), st.booleans())
def test_after_a_plan_is_carried_out_there_is_nothing_left_to_do(
    files: dict[str, str], there: dict[str, str], broken: set[str], prune: bool
) -> None:
    found = [Broken(name, "no policy", 1 if name in there else None) for name in sorted(broken)]
    made = plan(files, there, *found, prune=prune)

    after = there | {policy.name: policy.text for policy in made.to_write}
    left = {name: text for name, text in after.items() if name not in made.to_remove}
    still_broken = [each for each in found if each.name not in {*made.to_remove, *written(made)}]

    assert left == then(made)
    assert plan(files, left, *still_broken, prune=prune).is_empty
    assert files.items() <= left.items()
    assert not prune or (left == files and not still_broken)
