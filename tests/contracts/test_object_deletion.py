"""The objects that Drawbridge makes, as the adapter promises to tell whose they are and what became of them."""

from __future__ import annotations

from typing import Any

import pytest

from drawbridge.association.owned_object import OwnedKind, OwnedObject
from drawbridge.aws.object_deletion import ObjectDeletions
from drawbridge.errors import AccessDeniedError, ConflictError, GoneError, ThrottledError, UpstreamError
from drawbridge.withdrawal.steps import GONE, ObjectState, ObservedObject
from local_aws.testing.faults import CallFault, faults
from local_aws_tests.sharing import pass_time
from tests.contracts.accounts import Account, answering, refusing
from tests.contracts.owned_objects import OWNED, owned_object, service_association

PRESENT = ObservedObject(state=ObjectState.PRESENT)
every_kind = pytest.mark.parametrize("kind", OwnedKind)
ENDPOINT = OwnedObject(id="vpce-0123456789abcdef0", kind=OwnedKind.ENDPOINT)
ASSOCIATION = OwnedObject(
    id="snra-0123456789abcdef0",
    kind=OwnedKind.RESOURCE_ASSOCIATION,
    arn="arn:aws:vpc-lattice:us-east-1:222222222222:servicenetworkresourceassociation/snra-0123456789abcdef0",
)


def objects_of(account: Account) -> ObjectDeletions:
    return ObjectDeletions(account.ec2, account.lattice, owner="drawbridge")


@every_kind
@pytest.mark.parametrize("tags", [{}, {"drawbridge:owner": "another"}, {"Owner": "drawbridge"}])
def test_whose_it_is_says_its_tag(account: Account, kind: OwnedKind, tags: dict[str, str]) -> None:
    made = owned_object(account, kind, tags)

    assert objects_of(account).observe(made) == ObservedObject(state=ObjectState.PRESENT, is_ours=False)


def test_a_tag_that_somebody_took_away_leaves_what_was_ours_theirs(account: Account) -> None:
    made = owned_object(account, OwnedKind.VPC_ASSOCIATION)
    account.lattice.untag_resource(resourceArn=made.arn, tagKeys=[*OWNED])

    assert not objects_of(account).observe(made).is_ours


def test_an_association_with_a_service_is_shown_and_deleted_too(account: Account) -> None:
    objects = objects_of(account)
    made, theirs = service_association(account, OWNED), service_association(account, {}, "theirs")
    assert (objects.observe(made), objects.observe(theirs).is_ours) == (PRESENT, False)

    objects.delete(made)

    assert objects.observe(made).state is ObjectState.DELETING
    pass_time(60)
    assert objects.observe(made) == GONE
    assert objects.observe(theirs).state is ObjectState.PRESENT


@pytest.mark.parametrize("kind", [OwnedKind.RESOURCE_ASSOCIATION, OwnedKind.VPC_ASSOCIATION])
def test_what_aws_gave_up_on_is_there_with_its_words_and_can_be_deleted_again(
    account: Account, kind: OwnedKind
) -> None:
    what = "Resource" if kind is OwnedKind.RESOURCE_ASSOCIATION else "Vpc"
    objects = objects_of(account)
    made = owned_object(account, kind)
    fault = CallFault(f"vpc-lattice:DeleteServiceNetwork{what}Association", "fails-later", account=account.account_id)
    with faults.injected(fault):
        objects.delete(made)
        pass_time(60)

    failed = objects.observe(made)

    assert (failed.state, failed.is_ours) == (ObjectState.PRESENT, True)
    assert failed.failure.startswith("DELETE_FAILED")
    objects.delete(made)
    pass_time(60)
    assert objects.observe(made) == GONE


@pytest.mark.parametrize(
    ("answer", "observed"),
    [
        ({"VpcEndpoints": [{"State": "deleted"}]}, GONE),
        ({"VpcEndpoints": [{"State": "Deleted"}]}, GONE),
        ({"VpcEndpoints": [{"State": "deleting"}]}, ObservedObject(state=ObjectState.DELETING)),
        # An empty answer of AWS is never "gone".
        ({"VpcEndpoints": []}, ObservedObject(state=ObjectState.DELETING)),
        ({"VpcEndpoints": [{"State": "failed"}]}, ObservedObject(state=ObjectState.PRESENT, is_ours=False)),
    ],
)
def test_an_endpoint_is_gone_only_if_ec2_says_so(
    account: Account, answer: dict[str, Any], observed: ObservedObject
) -> None:
    with answering(account.ec2, "describe_vpc_endpoints", answer):
        assert objects_of(account).observe(ENDPOINT) == observed


def test_what_ec2_did_not_delete_although_the_call_succeeded_is_an_error(account: Account) -> None:
    def unsuccessful(code: str) -> dict[str, Any]:
        return {"Unsuccessful": [{"ResourceId": ENDPOINT.id, "Error": {"Code": code, "Message": "AWS says no"}}]}

    for code, error in (
        ("InvalidVpcEndpoint.NotFound", GoneError),
        ("DependencyViolation", ConflictError),
        ("InternalError", UpstreamError),
    ):
        with (
            answering(account.ec2, "delete_vpc_endpoints", unsuccessful(code)),
            pytest.raises(error, match=rf"{ENDPOINT.id}: {code}: AWS says no"),
        ):
            objects_of(account).delete(ENDPOINT)


@pytest.mark.parametrize(
    ("code", "error"), [("AccessDeniedException", AccessDeniedError), ("ThrottlingException", ThrottledError)]
)
def test_what_lattice_does_not_answer_is_never_taken_for_gone(
    account: Account, code: str, error: type[Exception]
) -> None:
    with refusing(account.lattice, "get_service_network_resource_association", code), pytest.raises(error):
        objects_of(account).observe(ASSOCIATION)


def test_what_lattice_does_not_show_the_tags_of_is_not_ours(account: Account) -> None:
    made = owned_object(account, OwnedKind.VPC_ASSOCIATION)
    denied = CallFault(
        "vpc-lattice:ListTagsForResource", "error", code="AccessDeniedException", account=account.account_id
    )

    with faults.injected(denied):
        observed = objects_of(account).observe(made)

    assert observed == ObservedObject(state=ObjectState.PRESENT, is_ours=False)


def test_a_network_that_holds_something_is_not_deleted_in_aws_s_words(account: Account) -> None:
    made = owned_object(account, OwnedKind.RESOURCE_ASSOCIATION)
    network = account.lattice.list_service_networks()["items"][0]

    with pytest.raises(ConflictError, match=network["id"]):
        objects_of(account).delete(OwnedObject(id=network["id"], arn=network["arn"], kind=OwnedKind.SERVICE_NETWORK))
    assert objects_of(account).observe(made) == PRESENT
