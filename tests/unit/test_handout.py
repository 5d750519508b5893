"""The handout of a consumer: what it says, and that each line to run is one, whatever names there are."""

import json
import re
import shlex
import subprocess
from datetime import timedelta
from typing import Any

import botocore.session
import msgspec
import pytest
import yaml
from cfnlint.api import lint
from hypothesis import example, given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from drawbridge.association.parse_binding import parse_binding
from drawbridge.decision import Accept, AskApprover, Hold, Reject
from drawbridge.decision.policies import parse_policy
from drawbridge.request.connections import ManagedService
from drawbridge_cli.consumer_handout import answer_of
from drawbridge_cli.handout import (
    ComingShare,
    EndpointOutcome,
    Handout,
    OfferedService,
    Port,
    PrivateName,
    Proof,
    readable_challenge,
    sorted_ports,
)
from drawbridge_cli.handout_commands import (
    hcl,
    private_name_command,
    proof_commands,
    service_commands,
    share_commands,
    state_command,
    zones_command,
)
from drawbridge_cli.handout_rendering import document, markdown
from tests.builders import CONSUMER, PROVIDER, SERVICE_ID

CHALLENGE = f"drawbridge-drawbridge.{PROVIDER}.us-east-1.{CONSUMER}.{'0a' * 16}"
SERVICE = OfferedService(
    service_id=SERVICE_ID,
    name="Orders",
    service_name=f"com.amazonaws.vpce.us-east-1.{SERVICE_ID}",
    region="us-east-1",
    state="Available",
    endpoint_type="Interface",
    zone_ids=("use1-az1", "use1-az2"),
    address_types=("ipv4",),
    ports=(Port("TCP", 5432),),
    answer=EndpointOutcome.ACCEPTED,
)
ELSEWHERE = msgspec.structs.replace(SERVICE, other_regions=("eu-west-1", "sa-east-1"))
NAMED = msgspec.structs.replace(SERVICE, private_name=PrivateName(name="orders.example.com", state="verified"))
AT_ONCE = msgspec.structs.replace(NAMED, answer=EndpointOutcome.CONNECTED_AT_ONCE)
GATEWAY = msgspec.structs.replace(SERVICE, endpoint_type="GatewayLoadBalancer", ports=(), ports_unknown="all traffic")
DUAL = msgspec.structs.replace(SERVICE, address_types=("ipv4", "ipv6"))
ONLY_IPV6 = msgspec.structs.replace(SERVICE, address_types=("ipv6",))
UNKNOWN = msgspec.structs.replace(
    SERVICE, zone_ids=None, address_types=(), ports=(), ports_unknown="not all load balancers show theirs"
)
SERVICES = [SERVICE, ELSEWHERE, NAMED, AT_ONCE, GATEWAY, DUAL, ONLY_IPV6, UNKNOWN]
SHARE = ComingShare(
    arn=f"arn:aws:ram:us-east-1:{PROVIDER}:resource-share/aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee",
    name="databases",
    region="us-east-1",
)


def handout(*services: OfferedService, **changes: Any) -> Handout:
    fields: dict[str, Any] = {
        "account_id": CONSUMER,
        "name": "Orders Inc.",
        "provider_account_id": PROVIDER,
        "proof": None,
        "principals": (),
        "services": services,
        "shares": (),
    }
    return Handout(**(fields | changes))


def words_of(command: str) -> list[str]:
    """Return the words of a command of plain names, with each variable by its name."""
    return [re.sub(r"^\$\{(\w+):\?\}$", r"\1", word) for word in shlex.split(command.replace("\\\n", " "))]


EC2 = botocore.session.get_session()


def options_of(words: list[str]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for word in words:
        if word.startswith("--"):
            found[word[2:]] = []
        elif found:
            found[[*found][-1]].append(word)
    return found


OF_ALL_COMMANDS = {"region", "query", "output"}


def unknown_to_aws(command: str) -> set[str]:
    """Return the options of a command that AWS's operation has no members for."""
    program, service, operation, *rest = words_of(command)
    assert program == "aws"
    pascal = "".join(part.capitalize() for part in operation.split("-"))
    model = EC2.get_service_model(service).operation_model(pascal)
    shape = model.input_shape
    members = {re.sub(r"(?<!^)(?=[A-Z])", "-", name).lower() for name in (shape.members if shape else ())}
    given_options = {name.removeprefix("no-") for name in options_of(rest)}
    return given_options - members - OF_ALL_COMMANDS


@pytest.mark.parametrize("service", SERVICES)
def test_each_command_is_one_of_aws(service: OfferedService) -> None:
    lines = [way.cli for way in service_commands(service)]
    lines += [state_command("us-east-1"), private_name_command("us-east-1"), zones_command("us-east-1")]
    by_share = share_commands(SHARE, PROVIDER)
    lines += [*by_share.cli.split("\n\n"), by_share.endpoint, by_share.name]

    assert {line: unknown for line in lines if (unknown := unknown_to_aws(line))} == {}


@pytest.mark.parametrize("service", [ELSEWHERE, AT_ONCE, GATEWAY])
def test_each_template_passes_cloudformation_s_linter(service: OfferedService) -> None:
    for way in service_commands(service):
        assert [
            str(each)
            for each in lint(way.cloudformation, regions=["us-east-1"])
            if each.rule.severity != "informational"
        ] == []


def test_a_bad_template_would_not_pass() -> None:
    (way,) = service_commands(SERVICE)

    bad = lint(way.cloudformation.replace("ServiceName:", "Name:"), regions=["us-east-1"])

    assert [each for each in bad if each.rule.severity == "error"]


def test_the_command_says_all_that_is_needed() -> None:
    (way,) = service_commands(SERVICE)

    assert options_of(words_of(way.cli)) == {
        "region": ["us-east-1"],
        "vpc-endpoint-type": ["Interface"],
        "service-name": [SERVICE.service_name],
        "vpc-id": ["VPC_ID"],
        "subnet-ids": ["SUBNET_ID"],
        "security-group-ids": ["SECURITY_GROUP_ID"],
        "ip-address-type": ["ipv4"],
        "no-private-dns-enabled": [],
    }


def test_from_another_region_the_service_s_own_is_named_in_each_language() -> None:
    own, other = service_commands(ELSEWHERE)

    assert (own.regions, other.regions) == (("us-east-1",), ("eu-west-1", "sa-east-1"))
    assert "service-region" not in own.cli
    assert options_of(words_of(other.cli))["region"] == ["eu-west-1"]
    assert options_of(words_of(other.cli))["service-region"] == ["us-east-1"]
    assert re.search(r'^  service_region +=  ?"us-east-1"$', other.terraform, re.MULTILINE)
    assert yaml.safe_load(other.cloudformation)["Resources"]["Endpoint"]["Properties"]["ServiceRegion"] == "us-east-1"


def test_a_private_name_is_enabled_once_the_connection_is_accepted_and_not_before() -> None:
    (asked,), (at_once,) = service_commands(NAMED), service_commands(AT_ONCE)

    assert "--no-private-dns-enabled" in asked.cli
    assert "\n  private_dns_enabled" not in asked.terraform
    assert "aws_vpc_endpoint_private_dns" in asked.terraform
    assert "PrivateDnsEnabled: false" in asked.cloudformation
    assert "  --private-dns-enabled" in at_once.cli
    assert "private_dns_enabled = true" in at_once.terraform
    assert "PrivateDnsEnabled: true" in at_once.cloudformation
    assert "--private-dns-enabled" in markdown(handout(NAMED)).partition("What happens then")[2]


def test_a_private_name_that_is_not_verified_is_not_used() -> None:
    pending = msgspec.structs.replace(AT_ONCE, private_name=PrivateName(name="a.example", state="pendingVerification"))

    (way,) = service_commands(pending)

    assert "--no-private-dns-enabled" in way.cli
    assert "`a.example`, not verified" in markdown(handout(pending))


def test_a_gateway_load_balancer_s_endpoint_has_neither_groups_nor_names() -> None:
    (way,) = service_commands(GATEWAY)

    for text in (way.cli, way.terraform, way.cloudformation):
        assert re.search("security|private|dns", text, re.IGNORECASE) is None
    assert "describe-vpc-endpoints" not in markdown(handout(GATEWAY))


@pytest.mark.parametrize(
    ("service", "expected"),
    [(DUAL, "ipv4"), (ONLY_IPV6, "ipv6"), (SERVICE, "ipv4")],
)
def test_an_endpoint_has_the_addresses_that_any_subnet_has_if_the_service_does(
    service: OfferedService, expected: str
) -> None:
    (way,) = service_commands(service)

    assert options_of(words_of(way.cli))["ip-address-type"] == [expected]


def test_what_is_unknown_is_said_to_be_unknown() -> None:
    page = markdown(handout(UNKNOWN))

    for name in ("Availability Zones, by id", "Address types", "Ports"):
        assert f"- {name}: unknown; ask us" in page
    assert "ip-address-type" not in page


def test_no_command_is_made_up_for_a_service_of_unknown_type() -> None:
    nothing = msgspec.structs.replace(SERVICE, endpoint_type="")

    assert service_commands(nothing) == ()
    assert "AWS does not tell which type" in markdown(handout(nothing))


def test_some_ports_that_are_known_are_told_with_why_there_may_be_others() -> None:
    partly = msgspec.structs.replace(SERVICE, ports_unknown="one is hidden")

    assert "- Ports: `TCP 5432`, and perhaps others: one is hidden" in markdown(handout(partly))


def test_a_page_says_what_is_offered_and_what_happens() -> None:
    page = markdown(handout(ELSEWHERE, shares=(SHARE,), principals=(f"arn:aws:iam::{CONSUMER}:role/deploy",)))

    assert page.startswith(f"# How account `{CONSUMER}` of Orders Inc. connects\n")
    for line in (
        f"- Service name: `{SERVICE.service_name}`",
        "- Region: `us-east-1`; from elsewhere also `eu-west-1`, `sa-east-1`",
        "- Availability Zones, by id: `use1-az1`, `use1-az2`",
        "- Ports: `TCP 5432`",
        "Its security group has to let your clients in to `TCP 5432`.",
        f"- `arn:aws:iam::{CONSUMER}:role/deploy`",
    ):
        assert f"\n{line}\n" in page
    assert "accepted automatically" in page
    assert f"An invitation of account `{PROVIDER}` to the share `databases`" in page
    assert "It expires 12 hours after it was sent." in page
    assert '  --resource-configuration-arn "${RESOURCE_ARN:?}" \\\n' in page
    assert "aws ec2 describe-vpc-endpoint-associations \\\n" in page


def test_a_proof_comes_before_everything_else() -> None:
    page = markdown(handout(SERVICE, proof=Proof(challenge=CHALLENGE, url="https://api.example/proof")))

    proves = words_of(proof_commands(Proof(challenge=CHALLENGE, url="https://api.example/proof")))
    assert proves == ["drawbridge", "prove", "--challenge", CHALLENGE, "--url", "https://api.example/proof"]
    assert f"--challenge {CHALLENGE} \\\n" in page.partition("Service name")[0]


def test_without_a_challenge_the_page_says_that_there_is_none() -> None:
    page = markdown(handout(SERVICE, proof=Proof(challenge="", url="https://api.example/proof")))

    assert "There is no challenge" in page
    assert "drawbridge prove" not in page
    assert proof_commands(Proof(challenge="", url="https://api.example/proof")) == ""


def test_without_an_address_the_answer_is_sent_by_hand() -> None:
    page = markdown(handout(SERVICE, proof=Proof(challenge=CHALLENGE, url="")))

    assert "--output proof.json" in page
    assert "send us the file `proof.json` at once" in page


@pytest.mark.parametrize(
    "written",
    [
        None,
        "",
        CHALLENGE.replace(CONSUMER, PROVIDER),
        f"{CHALLENGE}\n",
        f"{CHALLENGE}; rm -rf /",
        CHALLENGE.upper(),
        CHALLENGE[:-1],
    ],
)
def test_what_is_no_challenge_of_the_account_is_handed_to_nobody(written: str | None) -> None:
    assert readable_challenge(written, CONSUMER) == ""
    assert readable_challenge(CHALLENGE, CONSUMER) == CHALLENGE


def test_a_share_is_taken_by_a_binding_and_a_policy_that_can_be_put_in_force() -> None:
    commands = share_commands(SHARE, PROVIDER)

    binding = parse_binding("databases", commands.binding)
    assert binding.match.could_match(PROVIDER, "databases")
    assert not binding.match.could_match(CONSUMER, "databases")
    parse_policy("databases", commands.policy)


@given(name=st.text(min_size=1, max_size=80))
def test_a_share_s_binding_matches_just_its_name(name: str) -> None:
    commands = share_commands(msgspec.structs.replace(SHARE, name=name), PROVIDER)

    match = yaml.safe_load(commands.binding)["match"]
    binding = parse_binding("it", json.dumps({"match": match, "attach": yaml.safe_load(commands.binding)["attach"]}))
    assert binding.match.could_match(PROVIDER, name)
    if len(match["share"]) > 1:
        assert not binding.match.could_match(PROVIDER, f"{name}x")


def test_programs_get_the_same_with_what_to_run() -> None:
    given_document = json.loads(
        msgspec.json.encode(
            document(handout(ELSEWHERE, shares=(SHARE,), proof=Proof(challenge=CHALLENGE, url="https://a.example/p")))
        )
    )

    assert given_document["schema_version"] == 1
    (service,) = given_document["services"]
    assert service["zone_ids"] == ["use1-az1", "use1-az2"]
    assert service["ports"] == [{"protocol": "TCP", "port": 5432}]
    assert [way["regions"] for way in service["run"]] == [["us-east-1"], ["eu-west-1", "sa-east-1"]]
    assert given_document["shares"][0]["run"]["cli"].startswith("aws ram")
    assert given_document["proof"]["run"].startswith("drawbridge prove")


MANAGED = ManagedService(service_id=SERVICE_ID, tags={"drawbridge:tier": "gold"})


def test_what_becomes_of_an_endpoint_is_what_would_be_decided() -> None:
    assert answer_of(Accept(()), asks=False) is EndpointOutcome.ACCEPTED
    assert answer_of(Accept((), timedelta(minutes=15)), asks=False) is EndpointOutcome.ACCEPTED_LATER
    assert answer_of(AskApprover(()), asks=True) is EndpointOutcome.PERSON_DECIDES
    assert {answer_of(each, asks=False) for each in (AskApprover(()), Hold(()), Reject(()))} == {EndpointOutcome.WAITS}


def test_ports_are_told_once_and_in_order() -> None:
    ports = [Port("TCP", 8443), Port("UDP", 53), Port("TCP", 53), Port("TCP", 8443)]

    assert sorted_ports(ports) == (Port("TCP", 53), Port("UDP", 53), Port("TCP", 8443))


HOSTILE = st.one_of(
    st.text(max_size=60),
    st.text(alphabet="`'\"\\\n\r|<>[]()*_#${}%~!&;:- ", max_size=40),
    st.sampled_from(
        [
            "# a",
            "```\n# a",
            "$(id)",
            "`id`",
            "${file(1)}",
            "%{ if 1 }",
            "a: b\n- c",
            "<script>",
            "[a](b)",
            "1. a",
            "a #",
        ]
    ),
)


def hostile_service(name: str) -> OfferedService:
    return msgspec.structs.replace(
        ELSEWHERE,
        name=name,
        service_name=name,
        private_name=PrivateName(name=name, state="verified"),
        zone_ids=(name,),
        ports=(Port(name, 1),),
        ports_unknown=name,
        state=name,
    )


@given(HOSTILE)
def test_whatever_a_name_says_it_is_one_word_in_each_language(name: str) -> None:
    service = msgspec.structs.replace(hostile_service(name), answer=EndpointOutcome.CONNECTED_AT_ONCE)
    plain, other = service_commands(service)

    for way in (plain, other):
        words = shlex.split(way.cli)
        assert words[words.index("--service-name") + 1] == name
        assert len(words) == len(shlex.split(cli_of_plain_name(way.regions)))
        properties = yaml.safe_load(way.cloudformation)["Resources"]["Endpoint"]["Properties"]
        assert properties["ServiceName"] == name
        assert strings_of_hcl(way.terraform)[3] == name


def cli_of_plain_name(regions: tuple[str, ...]) -> str:
    return next(way.cli for way in service_commands(hostile_service("a")) if way.regions == regions)


def strings_of_hcl(text: str) -> list[str]:
    """Return the quoted strings, read as HCL's specification has them; a template in one is refused."""
    found = []
    for quoted in re.findall(r'"((?:[^"\\\n]|\\.)*)"', text):
        assert "${" not in quoted
        assert "%{" not in quoted
        # HCL's escapes are JSON's, but for those of eight digits.
        of_json = re.sub(r"\\U([0-9a-f]{8})", lambda each: json.dumps(chr(int(each[1], 16)))[1:-1], quoted)
        found.append(json.loads(f'"{of_json}"'))
    return found


@given(HOSTILE)
def test_a_string_of_hcl_is_read_as_it_was(name: str) -> None:
    assert strings_of_hcl(f"{hcl(name)} {hcl('next')}") == [name, "next"]
    assert "\n" not in hcl(name)


def skeleton(page: str) -> list[tuple[str, str]]:
    """Return the structure of a page: all that its Markdown makes but words."""
    tokens = MarkdownIt("commonmark").enable("table").parse(page)
    inline = [
        (child.type, "")
        for token in tokens
        for child in token.children or ()
        if child.type not in {"text", "softbreak", "text_special"}
    ]
    return [(each.type, each.info) for each in tokens] + inline


@given(HOSTILE)
@example("a\n```\nb")
def test_whatever_a_name_says_the_page_has_the_same_parts(name: str) -> None:
    def page(called: str) -> str:
        share = msgspec.structs.replace(SHARE, name=called)
        return markdown(handout(hostile_service(called), name=called, shares=(share,), principals=(called,)))

    if not name:
        return
    assert skeleton(page(name)) == skeleton(page("a"))


def test_a_shell_takes_the_words_of_a_hostile_name(tmp_path: Any) -> None:
    name = "$(touch owned)`touch owned`'; touch owned; '\" \\"
    (way, _) = service_commands(msgspec.structs.replace(ELSEWHERE, service_name=name))
    script = f"aws() {{ printf '%s\\0' \"$@\"; }}\nVPC_ID=v SUBNET_ID=s SECURITY_GROUP_ID=g\n{way.cli}"

    ended = subprocess.run(["bash", "-c", script], cwd=tmp_path, capture_output=True, check=True)

    assert name in ended.stdout.decode().split("\0")
    assert list(tmp_path.iterdir()) == []


def test_without_its_variables_a_command_runs_nothing(tmp_path: Any) -> None:
    (way,) = service_commands(SERVICE)

    ended = subprocess.run(
        ["bash", "-c", f"aws() {{ touch ran; }}\n{way.cli}"], cwd=tmp_path, capture_output=True, check=False, env={}
    )

    assert ended.returncode
    assert list(tmp_path.iterdir()) == []


def test_how_long_it_waits_is_handed_over_where_policies_let_it_in_later() -> None:
    later = msgspec.structs.replace(SERVICE, answer=EndpointOutcome.ACCEPTED_LATER, delay="1h30m")

    page = markdown(handout(later)).partition("What happens then")[2]

    assert "accepted automatically, 1h30m after it was asked for. Until then its state is `pendingAcceptance`" in page
