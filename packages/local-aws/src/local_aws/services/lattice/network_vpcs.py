"""VPC Lattice's operations on the associations of service networks with VPCs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from local_aws.moto_extension.errors import AwsError
from local_aws.moto_extension.idempotency import once
from local_aws.moto_extension.operations import ServiceCall, add_operation
from local_aws.moto_extension.tables import new_id, table
from local_aws.services.ec2.vpc_facts import check_groups, check_vpc, dns_is_on
from local_aws.services.lattice.network_associations import (
    NetworkAssociation,
    already,
    announce_start,
    disassociate,
    find,
    listed,
    settle,
)
from local_aws.services.lattice.network_store import seen_network
from local_aws.services.lattice.private_names import VERIFIED_ONLY, domains_fit
from local_aws.services.lattice.store import conflict, invalid, lattice_page, new_tags, not_found
from local_aws.services.quotas import lattice_quota, quotas

vpc_associations = table()
"""By id."""

_ID = "serviceNetworkVpcAssociationIdentifier"
_DOMAINS = "privateDnsSpecifiedDomains"


@dataclass(kw_only=True)
class VpcAssociation(NetworkAssociation):
    """A VPC whose clients reach everything in the service network."""

    vpc_id: str
    group_ids: list[str]
    private_dns: bool
    dns_options: dict[str, Any]

    kind: ClassVar[str] = "SERVICE_NETWORK_VPC_ASSOCIATION"
    name: ClassVar[str] = "ServiceNetworkVpcAssociation"

    @property
    def other_owner(self) -> str:
        """The VPC's owner, who alone can associate it."""
        return self.creator

    def settings(self) -> dict[str, Any]:
        return {
            "createdBy": self.creator,
            "securityGroupIds": self.group_ids,
            "privateDnsEnabled": self.private_dns,
            "dnsOptions": self.shown_dns_options,
        }

    @property
    def shown_dns_options(self) -> dict[str, Any]:
        """Return the options as AWS shows them: ``*`` for no specified domains, which AWS refuses in requests.

        Observed by Terraform's AWS provider (pull request 45619).
        """
        any_domain = {} if "SPECIFIED" in self.dns_options["privateDnsPreference"] else {_DOMAINS: ["*"]}
        return self.dns_options | any_domain

    def describe(self, account_id: str) -> dict[str, Any]:
        return super().describe(account_id) | self.settings() | {"vpcId": self.vpc_id}


def install() -> None:
    add_operation("vpc-lattice", "CreateServiceNetworkVpcAssociation", _create)
    add_operation("vpc-lattice", "GetServiceNetworkVpcAssociation", _get)
    add_operation("vpc-lattice", "ListServiceNetworkVpcAssociations", _list)
    add_operation("vpc-lattice", "UpdateServiceNetworkVpcAssociation", _update)
    add_operation("vpc-lattice", "DeleteServiceNetworkVpcAssociation", _delete)


def _create(call: ServiceCall, params: dict[str, Any]) -> dict[str, Any]:
    made: VpcAssociation = once(call, params, params.get("clientToken"), lambda: _new(call, params))
    return made.identity(call.account_id) | made.settings()


def _new(call: ServiceCall, params: dict[str, Any]) -> VpcAssociation:
    network = seen_network(call, params["serviceNetworkIdentifier"], arn_if_foreign=True)
    vpc_id, group_ids = params["vpcIdentifier"], params.get("securityGroupIds") or []
    _check_place(call, vpc_id, group_ids)
    private_dns, options = params.get("privateDnsEnabled", False), _dns_options(params)
    _check_dns(call, vpc_id, enabled=private_dns)
    for each in vpc_associations.values():
        if (each.creator, each.region, each.vpc_id) == (call.account_id, call.region, vpc_id):
            if each.network is network:
                raise already(each, vpc_id)
            # A VPC is associated with one network at most; it reaches others by endpoints.
            raise conflict(vpc_id, "VPC", f"VPC {vpc_id} is already associated with service network {each.network.id}")
    lattice_quota(
        sum(1 for each in vpc_associations.values() if each.network is network),
        quotas.vpc_associations_per_network,
        plural="VPC associations in a service network",
        kind=VpcAssociation.kind,
        code="L-EF6E2D62",
    )
    association = VpcAssociation(
        id=new_id("snva"),
        creator=call.account_id,
        region=call.region,
        partition=call.partition,
        network=network,
        tags=new_tags(params),
        vpc_id=vpc_id,
        group_ids=group_ids,
        private_dns=private_dns,
        dns_options=options,
    )
    vpc_associations[association.id] = association
    settle(call, association)
    announce_start(call, association)
    return association


def _check_place(call: ServiceCall, vpc_id: str, group_ids: list[str]) -> None:
    try:
        check_vpc(call, vpc_id)
    except AwsError as error:
        raise not_found(vpc_id, "VPC") from error
    if len(group_ids) > quotas.groups_per_association:
        raise invalid(f"At most {quotas.groups_per_association} security groups.")
    try:
        check_groups(call, vpc_id, group_ids)
    except AwsError as error:
        raise invalid(error.message) from error


def _check_dns(call: ServiceCall, vpc_id: str, *, enabled: bool) -> None:
    if enabled and not dns_is_on(call, vpc_id):
        raise invalid(f"Private DNS requires enableDnsSupport and enableDnsHostnames of {vpc_id} to be true.")


def _dns_options(params: dict[str, Any]) -> dict[str, Any]:
    options = dict(params.get("dnsOptions") or {})
    options.setdefault("privateDnsPreference", VERIFIED_ONLY)
    if not domains_fit(options["privateDnsPreference"], options.get(_DOMAINS)):
        raise invalid("privateDnsSpecifiedDomains goes with a preference for specified domains, and only with one.")
    return options


def _get(call: ServiceCall, params: dict[str, Any]) -> dict[str, Any]:
    association = _found(call, params)
    return association.describe(call.account_id) | association.failure_members(reason="failureMessage")


def _found(call: ServiceCall, params: dict[str, Any]) -> VpcAssociation:
    found: VpcAssociation = find(call, vpc_associations, params[_ID], VpcAssociation.kind)
    return found


def _list(call: ServiceCall, params: dict[str, Any]) -> dict[str, Any]:
    found = listed(call, vpc_associations.values(), params, "vpcIdentifier", lambda each: each.vpc_id)
    rows = [each.describe(call.account_id) for each in found]
    for row in rows:
        del row["securityGroupIds"]
    return lattice_page(call, params, rows)


def _update(call: ServiceCall, params: dict[str, Any]) -> dict[str, Any]:
    association = _found(call, params)
    if association.creator != call.account_id:
        raise AwsError("AccessDeniedException", f"Only the account that created {association.id} can update it.")
    if association.status not in {"ACTIVE", "UPDATE_FAILED"}:
        raise conflict(association.id, association.kind, f"{association.id} is in state {association.status}")
    group_ids = params.get("securityGroupIds") or association.group_ids
    private_dns = params.get("privateDnsEnabled", association.private_dns)
    _check_place(call, association.vpc_id, group_ids)
    _check_dns(call, association.vpc_id, enabled=private_dns)
    association.dns_options = _dns_options(params) if params.get("dnsOptions") else association.dns_options
    association.group_ids, association.private_dns = group_ids, private_dns
    association.failure = None
    association.become("UPDATE_IN_PROGRESS")
    settle(call, association)
    return association.identity(call.account_id) | association.settings()


def _delete(call: ServiceCall, params: dict[str, Any]) -> dict[str, Any]:
    return disassociate(call, vpc_associations, _found(call, params))
