"""VPC Lattice's operations on services."""

from __future__ import annotations

from typing import Any

from local_aws.fault_injection.faults import faults
from local_aws.moto_extension.idempotency import once
from local_aws.moto_extension.operations import ServiceCall, add_operation
from local_aws.moto_extension.tables import later, new_id
from local_aws.services.lattice.network_reach import service_associations
from local_aws.services.lattice.network_store import (
    SERVICE,
    Service,
    drop,
    keep,
    own_service,
    seen_service,
    sees,
    services,
)
from local_aws.services.lattice.store import conflict, lattice_page, new_tags
from local_aws.services.quotas import lattice_quota, quotas
from local_aws.services.ram.shares import resource_gone
from local_aws.services.timings import timings
from local_aws.time.clock import clock

_LISTED = ("id", "name", "arn", "createdAt", "lastUpdatedAt", "dnsEntry", "customDomainName", "status")


def install() -> None:
    add_operation("vpc-lattice", "CreateService", _create)
    add_operation("vpc-lattice", "GetService", _get)
    add_operation("vpc-lattice", "ListServices", _list)
    add_operation("vpc-lattice", "UpdateService", _update)
    add_operation("vpc-lattice", "DeleteService", _delete)


def _create(call: ServiceCall, params: dict[str, Any]) -> dict[str, Any]:
    service: Service = once(call, params, params.get("clientToken"), lambda: _new(call, params))
    return _described(service)


def _new(call: ServiceCall, params: dict[str, Any]) -> Service:
    own = [each for each in services.values() if (each.owner, each.region) == (call.account_id, call.region)]
    if any(each.name == params["name"] for each in own):
        raise conflict(params["name"], SERVICE, f"A service named {params['name']} already exists")
    lattice_quota(
        len(own), quotas.services_per_region, plural="services in the Region", kind=SERVICE, code="L-620C821E"
    )
    service_id = new_id("svc")
    service = Service(
        id=service_id,
        arn=call.arn("vpc-lattice", f"service/{service_id}"),
        owner=call.account_id,
        region=call.region,
        name=params["name"],
        auth_type=params.get("authType", "NONE"),
        tags=new_tags(params),
        custom_domain=params.get("customDomainName"),
        certificate=params.get("certificateArn"),
        idle_timeout=params.get("idleTimeoutSeconds", 60),
    )
    keep(service)
    fails = faults.fails_later(f"{call.service}:{call.operation}", call.account_id)

    def reach() -> None:
        if service.status == "CREATE_IN_PROGRESS":
            service.status = "CREATE_FAILED" if fails else "ACTIVE"
            service.failure = "The service could not be created." if fails else None

    later(timings.lattice_created, reach)
    return service


def _described(service: Service) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "id": service.id,
        "name": service.name,
        "arn": service.arn,
        "status": service.status,
        "authType": service.auth_type,
        "idleTimeoutSeconds": service.idle_timeout,
        "createdAt": service.created,
        "lastUpdatedAt": service.updated,
        "dnsEntry": service.dns_entry,
    }
    if service.custom_domain:
        shown["customDomainName"] = service.custom_domain
    if service.certificate:
        shown["certificateArn"] = service.certificate
    if service.failure:
        shown |= {"failureMessage": service.failure, "failureCode": "InternalFailure"}
    return shown


def _get(call: ServiceCall, params: dict[str, Any]) -> dict[str, Any]:
    return _described(seen_service(call, params["serviceIdentifier"]))


def _list(call: ServiceCall, params: dict[str, Any]) -> dict[str, Any]:
    found = [
        {name: value for name, value in _described(each).items() if name in _LISTED}
        for each in services.values()
        if each.region == call.region and sees(call.account_id, each)
    ]
    return lattice_page(call, params, found)


def _update(call: ServiceCall, params: dict[str, Any]) -> dict[str, Any]:
    service = own_service(call, params["serviceIdentifier"])
    service.auth_type = params.get("authType", service.auth_type)
    service.certificate = params.get("certificateArn", service.certificate)
    service.idle_timeout = params.get("idleTimeoutSeconds", service.idle_timeout)
    service.updated = clock.now()
    return _described(service)


def _delete(call: ServiceCall, params: dict[str, Any]) -> dict[str, Any]:
    service = own_service(call, params["serviceIdentifier"])
    if any(each.service is service for each in service_associations.values()):
        raise conflict(service.id, SERVICE, f"Service {service.id} has service network(s) associated")
    service.status = "DELETE_IN_PROGRESS"
    later(timings.lattice_deleted, lambda: drop(service))
    resource_gone(service.arn)
    return _described(service)
