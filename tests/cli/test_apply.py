"""``drawbridge policy apply``, in an account that has the stack."""

from pathlib import Path

import pytest

from tests.builders import CONSUMER
from tests.cli.made import DEFAULTS, EVERYTHING, FORBID, PERMIT, PERMIT_PROVIDER, folder_of
from tests.cli.operators import Drawbridge, Operator, denied

PATH = "/drawbridge/config/policies"


@pytest.fixture(autouse=True)
def _only_default_policies(operator: Operator) -> None:
    operator.forget_policies(keep=DEFAULTS)
    assert operator.policies() == DEFAULTS


def mine(operator: Operator) -> dict[str, str]:
    """Return the policies in Parameter Store that the stack did not install."""
    return {name: text for name, text in operator.policies().items() if DEFAULTS.get(name) != text}


def put(operator: Operator, name: str, text: str) -> None:
    operator.client("ssm").put_parameter(Name=f"{PATH}/{name}", Value=text, Type="String", Overwrite=True)


def test_a_new_policy_is_put_in_force(at_work: Drawbridge, operator: Operator, tmp_path: Path) -> None:
    ended = at_work("policy", "apply", folder_of(tmp_path, {"let-in": PERMIT}), "--yes")

    assert (ended.code, ended.err) == (0, "")
    assert ended.out.splitlines()[:2] == [
        "new      let-in",
        f"0 of the files are in force as they are; {len(DEFAULTS)} others stay",
    ]
    assert ended.out.splitlines()[-1] == "written  let-in"
    assert mine(operator) == {"let-in": PERMIT}


def test_the_second_time_it_does_nothing(at_work: Drawbridge, operator: Operator, tmp_path: Path) -> None:
    folder = folder_of(tmp_path, {"let-in": PERMIT, "block": FORBID})
    at_work("policy", "apply", folder, "--yes")

    ended = at_work("policy", "apply", folder)

    assert (ended.code, ended.err) == (0, "")
    assert ended.out == f"2 of the files are in force as they are; {len(DEFAULTS)} others stay\n"
    assert operator.versions() == dict.fromkeys([*DEFAULTS, "let-in", "block"], 1)


def test_only_what_has_changed_is_written(at_work: Drawbridge, operator: Operator, tmp_path: Path) -> None:
    folder = folder_of(tmp_path, {"let-in": PERMIT, "block": FORBID})
    at_work("policy", "apply", folder, "--yes")
    folder_of(tmp_path, {"let-in": PERMIT_PROVIDER})

    ended = at_work("policy", "apply", folder, "--yes")

    assert ended.code == 0
    assert ended.out.splitlines()[0] == "changed  let-in"
    assert mine(operator) == {"let-in": PERMIT_PROVIDER, "block": FORBID}
    assert (operator.versions()["let-in"], operator.versions()["block"]) == (2, 1)


def test_forbids_are_in_force_before_permits(at_work: Drawbridge, tmp_path: Path) -> None:
    ended = at_work("policy", "apply", folder_of(tmp_path, {"a": PERMIT, "b": FORBID}), "--yes")

    assert [line for line in ended.out.splitlines() if line.startswith("written")] == ["written  b", "written  a"]


def test_others_stay_unless_the_files_are_the_whole_set(
    at_work: Drawbridge, operator: Operator, tmp_path: Path
) -> None:
    put(operator, "other", PERMIT_PROVIDER)
    folder = folder_of(tmp_path, {"let-in": PERMIT})

    at_work("policy", "apply", folder, "--yes")
    kept = mine(operator)
    ended = at_work("policy", "apply", folder, "--yes", "--prune")

    assert kept == {"let-in": PERMIT, "other": PERMIT_PROVIDER}
    assert ended.code == 0
    assert ended.out.splitlines()[0] == "removed  other"
    assert ended.out.splitlines()[-1] == "removed  other"
    assert mine(operator) == {"let-in": PERMIT}
    assert operator.policies().keys() == {*DEFAULTS, "let-in"}
    assert at_work("policy", "apply", folder, "--prune").code == 0


def test_a_policy_of_the_stack_is_not_changed_and_nothing_else_either(
    at_work: Drawbridge, operator: Operator, tmp_path: Path
) -> None:
    folder = folder_of(tmp_path, {"let-in": PERMIT, "own-organization": PERMIT_PROVIDER})

    ended = at_work("policy", "apply", folder, "--yes")

    assert (ended.code, ended.out) == (2, "")
    assert ended.err.startswith("policy own-organization: it belongs to the stack, which would change it back")
    assert operator.policies() == DEFAULTS


def test_the_policies_of_the_stack_may_be_among_the_files_as_they_are(
    at_work: Drawbridge, operator: Operator, tmp_path: Path
) -> None:
    ended = at_work("policy", "apply", folder_of(tmp_path, DEFAULTS | {"let-in": PERMIT}), "--yes", "--prune")

    assert ended.code == 0
    assert f"{len(DEFAULTS)} of the files are in force as they are; 0 others stay" in ended.out
    assert set(operator.versions().values()) == {1}


@pytest.mark.parametrize("typed", ["n\n", "\n", ""])
def test_whoever_declines_changes_nothing(at_work: Drawbridge, operator: Operator, tmp_path: Path, typed: str) -> None:
    ended = at_work("policy", "apply", folder_of(tmp_path, {"let-in": PERMIT}), typed=typed)

    assert ended.code == 1
    assert "new      let-in" in ended.out
    assert "Put them in force? [y/N]" in ended.out
    assert "written" not in ended.out
    assert operator.policies() == DEFAULTS


def test_whoever_agrees_puts_them_in_force(at_work: Drawbridge, operator: Operator, tmp_path: Path) -> None:
    ended = at_work("policy", "apply", folder_of(tmp_path, {"let-in": PERMIT}), typed="y\n")

    assert ended.code == 0
    assert mine(operator) == {"let-in": PERMIT}


@pytest.mark.parametrize("also", [(), ("--yes",), ("--prune",)])
def test_a_dry_run_asks_nothing_and_changes_nothing(
    at_work: Drawbridge, operator: Operator, tmp_path: Path, also: tuple[str, ...]
) -> None:
    put(operator, "other", PERMIT_PROVIDER)

    ended = at_work("policy", "apply", folder_of(tmp_path, {"let-in": PERMIT}), "--dry-run", *also)

    assert (ended.code, ended.err) == (0, "")
    assert "new      let-in" in ended.out
    assert ("removed  other" in ended.out) == ("--prune" in also)
    assert "Nothing would come out otherwise." in ended.out
    assert "?" not in ended.out
    assert mine(operator) == {"other": PERMIT_PROVIDER}


def test_what_would_let_everything_in_is_refused(at_work: Drawbridge, operator: Operator, tmp_path: Path) -> None:
    ended = at_work("policy", "apply", folder_of(tmp_path, {"let-in": PERMIT, "all": EVERYTHING}), "--yes")

    assert (ended.code, ended.out) == (1, "")
    assert ended.err.startswith("policy all: lets every account in")
    assert operator.policies() == DEFAULTS


def test_what_would_let_everything_in_with_those_in_force_is_refused(
    at_work: Drawbridge, operator: Operator, tmp_path: Path
) -> None:
    put(operator, "connections", EVERYTHING.replace("resource)", "resource is EndpointService)"))
    shares = folder_of(tmp_path, {"shares": EVERYTHING.replace("resource)", "resource is ResourceShare)")})

    together = at_work("policy", "apply", shares, "--yes")

    assert together.code == 1
    assert [line.partition(":")[0] for line in together.err.splitlines()] == ["policy connections", "policy shares"]
    assert "shares" not in operator.policies()
    assert at_work("policy", "apply", shares, "--yes", "--prune").code == 0
    assert mine(operator).keys() == {"shares"}


def test_an_id_that_a_policy_in_force_has_is_refused(at_work: Drawbridge, operator: Operator, tmp_path: Path) -> None:
    folder = folder_of(tmp_path, {"mine": f'@id("own-organization") {PERMIT}'})

    ended = at_work("policy", "apply", folder, "--yes")

    assert ended.code == 1
    assert "the id 'own-organization' is taken" in ended.err
    assert operator.policies() == DEFAULTS


def test_with_one_bad_file_nothing_is_written(at_work: Drawbridge, operator: Operator, tmp_path: Path) -> None:
    folder = folder_of(tmp_path, {"a": PERMIT, "b": "\npermit("})

    ended = at_work("policy", "apply", folder, "--yes")

    assert (ended.code, ended.out) == (1, "")
    assert ended.err.startswith(f"{folder}/b.cedar:2: ")
    assert operator.policies() == DEFAULTS


def test_a_long_policy_goes_to_the_advanced_tier(at_work: Drawbridge, operator: Operator, tmp_path: Path) -> None:
    long = f"// {'x' * 5000}\n{PERMIT}"
    folder = folder_of(tmp_path, {"long": long, "short": FORBID})

    ended = at_work("policy", "apply", folder, "--yes")

    assert (ended.code, ended.err) == (0, "")
    assert mine(operator) == {"long": long, "short": FORBID}
    only = [{"Key": "Name", "Option": "Equals", "Values": [f"{PATH}/long", f"{PATH}/short"]}]
    described = operator.client("ssm").describe_parameters(ParameterFilters=only)["Parameters"]
    assert {each["Name"].rpartition("/")[2]: each["Tier"] for each in described} == {
        "long": "Advanced",
        "short": "Standard",
    }
    assert "2 of the files are in force" in at_work("policy", "apply", folder).out


def test_all_that_passes_the_check_is_taken_by_parameter_store(
    at_work: Drawbridge, operator: Operator, tmp_path: Path
) -> None:
    odd = f'// ü🌉 {{ {{ }}}} \t\n@reason("a \\" b") {PERMIT}\n\n'
    folder = folder_of(tmp_path, {"A.b_c-9": odd})
    (tmp_path / "A.b_c-9.cedar").write_bytes(odd.replace("\n", "\r\n").encode("utf-8-sig"))

    assert at_work("policy", "check", folder).code == 0
    assert at_work("policy", "apply", folder, "--yes").code == 0
    assert mine(operator) == {"A.b_c-9": odd}
    assert "1 of the files are in force" in at_work("policy", "apply", folder).out


@pytest.mark.parametrize("versions", [("permit(",), (PERMIT, "permit(")], ids=["never good", "good before"])
def test_a_broken_policy_is_mended(
    at_work: Drawbridge, operator: Operator, tmp_path: Path, versions: tuple[str, ...]
) -> None:
    for text in versions:
        put(operator, "let-in", text)

    ended = at_work("policy", "apply", folder_of(tmp_path, {"let-in": PERMIT}), "--yes")

    assert (ended.code, ended.err) == (0, "")
    assert ended.out.splitlines()[0] == "changed  let-in"
    assert mine(operator) == {"let-in": PERMIT}
    assert operator.versions()["let-in"] == len(versions) + 1


def test_a_broken_policy_goes_where_the_files_are_the_whole_set(
    at_work: Drawbridge, operator: Operator, tmp_path: Path
) -> None:
    put(operator, "broken", "permit(")

    ended = at_work("policy", "apply", folder_of(tmp_path, {"let-in": PERMIT}), "--yes", "--prune")

    assert ended.code == 0
    assert "removed  broken" in ended.out
    assert mine(operator) == {"let-in": PERMIT}


def test_where_no_policy_is_in_force_the_whole_set_is_put_in_force(
    at_work: Drawbridge, operator: Operator, tmp_path: Path
) -> None:
    operator.forget_policies(keep=())
    try:
        ended = at_work("policy", "apply", folder_of(tmp_path, {"let-in": PERMIT}), "--yes", "--prune")

        assert (ended.code, ended.err) == (0, "")
        assert "removed" not in ended.out
        assert operator.policies() == {"let-in": PERMIT}
    finally:
        for name, text in DEFAULTS.items():
            put(operator, name, text)


@pytest.mark.parametrize("since", ["", "7", "7y", "-1d", "d", "12345d", "all "])
def test_a_length_of_time_that_is_none_is_reported(
    at_work: Drawbridge, operator: Operator, tmp_path: Path, since: str
) -> None:
    ended = at_work("policy", "apply", folder_of(tmp_path, {"let-in": PERMIT}), "--yes", f"--since={since}")

    assert ended.code == 2
    assert ended.err.startswith(f"--since: {since!r} is no length of time")
    assert operator.policies() == DEFAULTS


def test_who_may_not_write_is_told(at_work: Drawbridge, operator: Operator, tmp_path: Path) -> None:
    with denied("ssm:PutParameter", operator.account_id):
        ended = at_work("policy", "apply", folder_of(tmp_path, {"let-in": PERMIT}), "--yes")

    assert ended.code == 3
    assert ended.err.startswith(f"AWS: write {PATH}/let-in: AccessDenied")
    assert "written" not in ended.out
    assert operator.policies() == DEFAULTS


def test_what_is_applied_is_what_was_simulated(at_work: Drawbridge, operator: Operator, tmp_path: Path) -> None:
    put(operator, "block", FORBID)
    arguments = (folder_of(tmp_path, {"let-in": PERMIT.replace(CONSUMER, "444444444444")}), "--prune")

    simulated, applied = (
        at_work("policy", command, *arguments, *also) for command, also in (("simulate", ()), ("apply", ("--yes",)))
    )

    assert simulated.out
    assert applied.out.startswith(simulated.out)
