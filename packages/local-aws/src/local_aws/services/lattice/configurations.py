"""VPC Lattice's resource configurations: the caller's own, and those shared with it through RAM."""

from __future__ import annotations

from typing import Any

from local_aws.fault_injection.faults import faults
from local_aws.moto_extension.errors import AwsError
from local_aws.moto_extension.idempotency import once
from local_aws.moto_extension.operations import ServiceCall, add_operation
from local_aws.moto_extension.tables import new_id
from local_aws.services.lattice import store
from local_aws.services.lattice.children import grow
from local_aws.services.lattice.definitions import check_definition
from local_aws.services.lattice.domains import status_of
from local_aws.services.lattice.kinds import KIND, check_members, children, made_of
from local_aws.services.lattice.store import LatticeResource, configurations, new_tags
from local_aws.services.quotas import lattice_quota, quotas
from local_aws.services.ram.shares import is_shared_with, resource_gone, shared_with
from local_aws.time.clock import clock

_LISTED = (
    "id", "name", "arn", "resourceGatewayId", "resourceConfigurationGroupId", "type", "status", "amazonManaged",
    "createdAt", "lastUpdatedAt", "customDomainName", "domainVerificationId", "groupDomain",
)  # fmt: skip # one member a line is no clearer
_CHANGEABLE = ("resourceConfigurationDefinition", "allowAssociationToShareableServiceNetwork", "portRanges")


def install() -> None:
    add_operation("vpc-lattice", "CreateResourceConfiguration", _create)
    add_operation("vpc-lattice", "GetResourceConfiguration", _get)
    add_operation("vpc-lattice", "ListResourceConfigurations", _list)
    add_operation("vpc-lattice", "UpdateResourceConfiguration", _update)
    add_operation("vpc-lattice", "DeleteResourceConfiguration", _delete)


def sees(account_id: str, configuration: LatticeResource) -> bool:
    """Return whether the account owns the configuration, or it or its group is shared with the account."""
    return configuration.owner == account_id or any(
        is_shared_with(arn, account_id) for arn in _shared_arns(configuration)
    )


def _shared_arns(configuration: LatticeResource) -> set[str]:
    """Return the ARNs under which a configuration may be shared: its own, and its group's."""
    group = configurations.get(configuration.shown.get("resourceConfigurationGroupId"))
    return {configuration.arn} | ({group.arn} if group is not None else set())


def seen_configuration(call: ServiceCall, identifier: str) -> LatticeResource:
    return store.find(call, configurations, identifier, KIND, lambda each: sees(call.account_id, each))


def own_configuration(call: ServiceCall, identifier: str) -> LatticeResource:
    """Return a configuration of the caller's own.

    Raises:
        AwsError: not found, or access denied if it is only shared with the caller.
    """
    configuration = seen_configuration(call, identifier)
    if configuration.owner != call.account_id:
        raise AwsError("AccessDeniedException", f"{configuration.arn} belongs to another account.")
    return configuration


def _create(call: ServiceCall, params: dict[str, Any]) -> dict[str, Any]:
    created: LatticeResource = once(call, params, params.get("clientToken"), lambda: _new(call, params))
    return created.describe()


def _new(call: ServiceCall, params: dict[str, Any]) -> LatticeResource:
    here = (call.account_id, call.region)
    own = [each for each in configurations.values() if (each.owner, each.region) == here]
    if any(each.shown["name"] == params["name"] for each in own):
        raise store.conflict(params["name"], KIND, f"A resource configuration named {params['name']} already exists")
    most = quotas.configurations_per_region
    lattice_quota(len(own), most, plural="resource configurations in the Region", kind=KIND, code="L-5FF8F9B9")
    shown = {
        "name": params["name"],
        "type": params["type"],
        "amazonManaged": False,
        "allowAssociationToShareableServiceNetwork": params.get("allowAssociationToShareableServiceNetwork", False),
        **made_of(call, params),
    }
    configuration_id = new_id("rcfg")
    configuration = LatticeResource(
        configuration_id,
        call.arn("vpc-lattice", f"resourceconfiguration/{configuration_id}"),
        call.account_id,
        call.region,
        new_tags(params),
        shown,
    )
    configurations[configuration_id] = configuration
    failed = faults.fails_later("vpc-lattice:CreateResourceConfiguration", call.account_id)
    if shown["type"] == "ARN" and not failed:
        configuration.settle(then=lambda: grow(configuration))
    else:
        configuration.settle("CREATE_FAILED" if failed else "ACTIVE")
    return configuration


def _get(call: ServiceCall, params: dict[str, Any]) -> dict[str, Any]:
    configuration = seen_configuration(call, params["resourceConfigurationIdentifier"])
    status = None if configuration.shown["amazonManaged"] else status_of(configuration)
    return configuration.describe() | ({"domainVerificationStatus": status} if status else {})


def _list(call: ServiceCall, params: dict[str, Any]) -> dict[str, Any]:
    gateway = params.get("resourceGatewayIdentifier", "").rpartition("/")[2]
    group = params.get("resourceConfigurationGroupIdentifier", "").rpartition("/")[2]
    domain = params.get("domainVerificationIdentifier", "").rpartition("/")[2]
    # Asked for each of thousands whether it is shared, RAM would go over all shares each time.
    shared = shared_with(call.account_id)
    found = [
        {name: value for name, value in each.describe().items() if name in _LISTED}
        for each in configurations.values()
        if each.region == call.region
        and (each.owner == call.account_id or _shared_arns(each) & shared)
        and (not gateway or each.shown.get("resourceGatewayId") == gateway)
        and (not group or each.shown.get("resourceConfigurationGroupId") == group)
        and (not domain or each.shown.get("domainVerificationId") == domain)
    ]
    return store.lattice_page(call, params, found)


def _update(call: ServiceCall, params: dict[str, Any]) -> dict[str, Any]:
    configuration = own_configuration(call, params["resourceConfigurationIdentifier"])
    _check_own_hand(configuration)
    kind = configuration.shown["type"]
    check_members(kind, {name: value for name, value in params.items() if name in _CHANGEABLE})
    if definition := params.get("resourceConfigurationDefinition"):
        check_definition(call, kind, definition, store.gateways[configuration.shown["resourceGatewayId"]])
    for changeable in _CHANGEABLE:
        if params.get(changeable) is not None:
            configuration.shown[changeable] = params[changeable]
    configuration.status, configuration.updated = "UPDATE_IN_PROGRESS", clock.now()
    failed = faults.fails_later("vpc-lattice:UpdateResourceConfiguration", call.account_id)
    if kind == "ARN" and definition and not failed:
        configuration.settle(then=lambda: grow(configuration))
    else:
        configuration.settle("UPDATE_FAILED" if failed else "ACTIVE")
    return configuration.describe()


def _delete(call: ServiceCall, params: dict[str, Any]) -> dict[str, Any]:
    configuration = own_configuration(call, params["resourceConfigurationIdentifier"])
    _check_own_hand(configuration)
    if any(leads(configuration) for leads in store.attachments):
        raise store.conflict(configuration.id, KIND, "The resource configuration still has associations.")
    below = children(configuration)
    if below and configuration.shown["type"] == "GROUP":
        raise store.conflict(configuration.id, KIND, "The group still has children.")
    for gone in (configuration, *below):
        store.remove_later(configurations, gone)
        resource_gone(gone.arn)
    return {}


def _check_own_hand(configuration: LatticeResource) -> None:
    if configuration.shown["amazonManaged"]:
        raise AwsError("AccessDeniedException", f"{configuration.arn} is managed by Amazon.")
