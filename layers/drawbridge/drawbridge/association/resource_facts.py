"""What policies are asked about a resource that a binding matches."""

from drawbridge.association.aliases import alias_for_policies
from drawbridge.association.binding import Binding
from drawbridge.decision.facts import Requester, ResourceFacts
from drawbridge.lattice import Entity, ResourceKind, holds_others


def facts_of(
    binding: Binding, resource: Entity, *, requester: Requester, share_name: str, tags: dict[str, str] | None
) -> ResourceFacts:
    """Return what policies are asked; ``tags`` are the resource's, ``None`` where they are not known."""
    return ResourceFacts(
        requester=requester,
        share_arn=resource.share_arn,
        share_name=share_name,
        resource_kind=resource.kind,
        arn=resource.arn,
        name=resource.name,
        type=resource.type if resource.kind is ResourceKind.RESOURCE_CONFIGURATION else "",
        protocol=resource.protocol,
        port_ranges=resource.port_ranges,
        custom_domain_name=resource.custom_domain_name,
        domain_verified=resource.domain_verified,
        tags=tags,
        binding=binding.name,
        mode=binding.attach.mode,
        private_dns=binding.attach.private_dns_preference,
        alias=_alias(binding, resource),
    )


def _alias(binding: Binding, resource: Entity) -> str | None:
    """Return the name of our own as policies are asked about it; ``{vpc}`` stays where VPCs are named by tag."""
    attach = binding.attach
    if attach.alias is None:
        return ""
    name = attach.alias.name.replace("{vpc}", attach.vpc) if isinstance(attach.vpc, str) else attach.alias.name
    holds = holds_others(resource.kind, resource.type)
    return alias_for_policies(name, resource.name, holds_others=holds)
