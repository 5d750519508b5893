"""Placing: in which VPCs a binding attaches a resource, and what blocks that in each."""

from collections.abc import Mapping
from typing import Protocol

from drawbridge.arns import is_of
from drawbridge.association import DesiredAlias, DesiredAttachment, NetworkRef
from drawbridge.association.aliases import AliasCheck
from drawbridge.association.binding import Binding, VpcTag
from drawbridge.association.desired import desired_attachments
from drawbridge.association.evaluation import Refusal
from drawbridge.association.observed_attachment import ObservedAttachment
from drawbridge.association.preflight import Preflight
from drawbridge.association.reconcile import AttachmentReconciler
from drawbridge.association.refusals import ONE_ASSOCIATION_ERRORS, check_failed
from drawbridge.association.subnets import Vpc
from drawbridge.configuration import InForce
from drawbridge.lattice import Entity, PrivateDns, ResourceKind
from drawbridge.status import Reason


class VpcLookup(Protocol):
    """The VPCs of this account."""

    def vpc(self, vpc_id: str) -> Vpc | None: ...

    def tagged(self, tags: dict[str, str]) -> list[Vpc]: ...


class RecordedEndpoints(Protocol):
    """What the ledger keeps of how a share's associations were left."""

    def __call__(self, share_arn: str, /) -> Mapping[str, str]:
        """Return the endpoint of each, by the association's name."""
        ...


def no_recorded_endpoints(_share_arn: str, /) -> Mapping[str, str]:
    """Return nothing, as for a ledger that keeps nothing."""
    return {}


class Placing:
    """Places what bindings match. One for each plan: its checks know what the plan has placed already."""

    def __init__(
        self,
        *,
        network: VpcLookup,
        bindings: InForce[Binding],
        reconciler: AttachmentReconciler,
        preflight: Preflight,
        aliases: AliasCheck,
        account_id: str,
        recorded: RecordedEndpoints,
    ) -> None:
        self._network = network
        self._bindings = bindings
        self._reconciler = reconciler
        self._preflight = preflight
        self._aliases = aliases
        self._account_id = account_id
        self._recorded = recorded

    def places(
        self, binding: Binding, resource: Entity, *, reserved: bool
    ) -> tuple[list[DesiredAttachment], list[Refusal]]:
        """Return the attachments that can be made, and why the rest can't; ``reserved`` is of the alias."""
        desired = desired_attachments(
            binding,
            resource,
            self._vpcs(binding),
            alias=self._alias(binding, reserved=reserved),
            names_elsewhere=self._names_elsewhere(binding),
        )
        if isinstance(desired, Reason):
            return [], [Refusal(reason=desired)]
        placed: list[DesiredAttachment] = []
        unplaced: list[Refusal] = []
        for each in desired:
            blocker = self._blocker(each, binding, resource)
            if blocker is None:
                placed.append(each)
            else:
                unplaced.append(Refusal(vpc_id=each.vpc_id, reason=blocker))
        if not desired:
            where = binding.attach.vpc.tag if isinstance(binding.attach.vpc, VpcTag) else binding.attach.vpc
            reason = Reason("no-vpc", f"{resource.name}: no VPC fits {where}", source=binding.name)
            unplaced.append(Refusal(reason=reason))
        return placed, unplaced

    def _alias(self, binding: Binding, *, reserved: bool) -> DesiredAlias | None:
        alias = binding.attach.alias
        if alias is None:
            return None
        zone_name = self._aliases.zone_name(alias.zone)
        return DesiredAlias(name=alias.name, zone_id=alias.zone, zone_name=zone_name, reserved=reserved)

    def _blocker(self, desired: DesiredAttachment, binding: Binding, resource: Entity) -> Reason | None:
        """Return what blocks the attachment, or why that can't be found out."""
        public = binding.attach.alias is not None and binding.attach.alias.public
        try:
            return self._aliases.blocker(desired, public=public) or self._blocker_observed(desired, resource)
        except ONE_ASSOCIATION_ERRORS as error:
            return check_failed(error, resource.name, binding.name)

    def _blocker_observed(self, desired: DesiredAttachment, resource: Entity) -> Reason | None:
        observed = self._reconciler.observe(desired)
        network = observed.network
        if network is not None and not desired.resource.is_network:
            if not is_of(network.arn, self._account_id):
                text = (
                    f"{resource.name}: {network.arn} is another account's too, and AWS associates nothing with nothing "
                    "that is both shared with this account; name a service network of its own"
                )
                return Reason("both-foreign", text, source=desired.binding)
            closed = resource.kind is ResourceKind.RESOURCE_CONFIGURATION and not resource.allows_shareable_networks
            if network.shareable and closed and observed.resource_association is None:
                text = (
                    f"{resource.name}: service network {network.name} can be shared on, which its provider does not "
                    "allow, and which never changes; name a network that Drawbridge creates, or ask the provider for "
                    "allowAssociationToShareableServiceNetwork"
                )
                return Reason("network-shareable", text, source=desired.binding)
        return self._ownership_lost(desired, observed) or self._preflight.blocker(desired, observed)

    def _ownership_lost(self, desired: DesiredAttachment, observed: ObservedAttachment) -> Reason | None:
        """Find an endpoint of ours whose tags somebody removed: it is not touched, and not made a second time.

        One that somebody made by hand to the same resource is none of our business.
        """
        if not observed.unowned_endpoints:
            return None
        recorded = self._recorded(desired.resource.share_arn).get(desired.name)
        lost = next((each.id for each in observed.unowned_endpoints if each.was_ours or each.id == recorded), None)
        if lost is None:
            return None
        text = (
            f"{desired.resource.name}: {lost} in {desired.vpc_id} was made for this binding, and its tags say so no "
            "longer; put them back to have it looked after again, or delete it to have it made anew"
        )
        return Reason("ownership-lost", text, source=desired.binding)

    def _names_elsewhere(self, binding: Binding) -> bool:
        """Whether another binding may have private DNS by the same network: one that can't be read may."""
        if self._bindings.broken:
            return True
        return any(
            other.name != binding.name
            and other.attach.mode is binding.attach.mode
            and other.attach.private_dns_preference is not PrivateDns.OFF
            and _may_be_one(other.attach.network, binding.attach.network)
            for other in self._bindings.things
        )

    def _vpcs(self, binding: Binding) -> list[Vpc]:
        match binding.attach.vpc:
            case None:
                return []
            case VpcTag(tag):
                return self._network.tagged(tag)
            case vpc_id:
                vpc = self._network.vpc(vpc_id)
                return [vpc] if vpc else []


def _may_be_one(one: NetworkRef | None, other: NetworkRef | None) -> bool:
    """Whether these may name one network: two names differ, and what an id or a share stands for is not known here."""
    return one is None or other is None or not (one.name and other.name) or one.name == other.name
