"""Deployment of a ``template.yaml`` to an account, as by ``sam deploy``."""

from __future__ import annotations

from local_aws.deployment import access, clients, compute, data, http_apis, messaging, resource_types
from local_aws.deployment.failure import DeploymentError
from local_aws.deployment.stack import deploy

__all__ = ["DeploymentError", "deploy", "install"]


def install(endpoint_url: str) -> None:
    """Add the resource types that moto's CloudFormation lacks or gets wrong."""
    clients.use(endpoint_url)
    for module in (access, compute, data, http_apis, messaging):
        module.add_types()
    resource_types.refuse_what_is_unsupported()
    resource_types.leave_out_no_value()
