"""Associations of what another account has shared: its owner hears of them through CloudTrail."""

from __future__ import annotations

from typing import Any

from local_aws.services.lattice_configurations import seen_configuration
from local_aws.services.operations import Call, Proceed, extend_operation
from local_aws.services.trail import record_sharee


def install() -> None:
    extend_operation("vpc-lattice", "CreateServiceNetworkResourceAssociation", _associate)


def _associate(call: Call, params: dict[str, Any], proceed: Proceed) -> Any:
    """Check that the caller may see the configuration, which moto takes as it comes; the association is moto's."""
    configuration = seen_configuration(call, params["resourceConfigurationIdentifier"])
    answer = proceed()
    if configuration.owner != call.account_id:
        record_sharee(
            call,
            configuration.owner,
            "CreateServiceNetworkResourceAssociationBySharee",
            "AWS::VpcLattice::ResourceConfiguration",
            configuration.arn,
        )
    return answer
