"""Shares and connections: what they hold, what policies have said of them, and what of it is to be connected."""

from dataclasses import dataclass, field

from local_aws.testing.clock import clock
from scenarios.people import Person
from tests.system.model.homes import Home
from tests.system.model.lapses import Lapse, Standing
from tests.system.model.spans import Spans

GRACE = 60.0
"""How long a decision may be done after it was made, in seconds: policies and contents may be others by then."""

LATE = 30.0
"""How much later a call may be made that was begun in time: it may be throttled, and made again."""

LISTED_BEFORE = 20.0
"""How long before a call to accept the contents were last listed, in seconds: its own tries lie between."""


@dataclass
class Ask:
    """A share with, or a connection to, an account with the stack."""

    subject: str
    requester: Person
    home: Home
    names: list[str] = field(default_factory=list)
    """The resources in a share as it is now; a connection has none."""
    stem: str = ""
    """What the names of all its resources, now and later, begin with."""
    made: int = 0
    """How many resources were ever put into it."""
    holds_subnet: bool = False
    let_in_for_certain: set[str] = field(default_factory=set)
    """Those of its resources that it held when all had settled and the policies let it in."""
    covered: set[str] = field(default_factory=set)
    """The resources that it held at any time at which the policies let it in as it was then."""
    taken_out: dict[str, float] = field(default_factory=dict)
    """When resources were taken out of it."""
    let_in: Spans = field(default_factory=Spans)
    """When the policies let it in, as it was then."""
    as_permitted: Spans = field(default_factory=Spans)
    """When it held nothing that the policies never let in."""
    ever_permitted: bool = False
    """Whether the policies let it in at any time since it was made."""
    ever_rejected: bool = False
    """Whether they rejected it at any time."""
    was_live: bool = False
    """Whether it was live when all had last settled."""
    in_effect: bool = False
    """Whether AWS RAM showed the share as in effect when all had last settled, and nobody has ended it since."""
    by_hand: bool = False
    """Whether a person accepted it."""
    adopted: bool = False
    """Whether it was live before Drawbridge decided on it: then it goes by a forbid only."""
    recovered: bool = False
    """Whether it was, under a ledger that is lost."""
    may_be_adopted_no_more: bool = False
    """Whether policies let it in for a while since then: Drawbridge may have decided so."""
    given_up: bool = False
    """Whether the requester took it back, or somebody rejected the connection by hand."""
    off: bool = False
    """Whether this account was taken off the share."""
    withdrawn: bool = False
    """Whether it was taken down because policies did not permit it, when all had last settled."""
    lapse: Lapse | None = None
    may_have_been_cut: bool = False
    """Whether policies may have had it taken down at some time since all had last settled."""

    @property
    def is_share(self) -> bool:
        return ":resource-share/" in self.subject

    @property
    def is_over(self) -> bool:
        """Whether the other side took it back, at least for now."""
        return self.given_up or self.off

    def is_permitted(self) -> bool:
        """Return whether policies let it in as it is now."""
        return not self.holds_subnet and self._account_is_let_in()

    def is_rejected(self) -> bool:
        return not self.is_permitted() and self.requester.account_id in self.home.rejects.values()

    def is_refused(self) -> bool:
        """Return whether policies do not permit what was let in of it: what joined it later makes no difference."""
        account_id = self.requester.account_id
        if self.adopted:
            # What was recovered counts as approved, so that it stays as long as a person would be asked.
            would_be_asked = self.recovered and account_id not in self.home.rejects.values()
            return self.home.forbids_account(account_id) and not would_be_asked
        return not self._account_is_let_in()

    def standing(self, now: float) -> Standing:
        """Return whether what was let in of it is to be connected, as far as policies are concerned."""
        if self.withdrawn:
            return Standing.STAYS if self.is_permitted() and self.is_share else Standing.GOES
        if self.adopted and self.may_be_adopted_no_more and not self._account_is_let_in():
            return Standing.EITHER
        return self.lapse.standing(now) if self.lapse else Standing.STAYS

    def may_be_accepted(self, at: float) -> bool:
        """Return whether it may be accepted at that time: policies let it in lately, and it holds what they let in."""
        return self.let_in.within(at - GRACE - LATE, at) and self.as_permitted.within(at - LISTED_BEFORE, at)

    def note(self, since: float | None = None) -> None:
        """Note what policies say of it as it is now: to be called after each change of the one or the other.

        ``since`` is the time before the change, now if it is not known. Drawbridge may have found the change before the
        call that made it has returned here.
        """
        now, is_permitted = clock.time(), self.is_permitted()
        self.let_in.note(now, so=is_permitted)
        self.as_permitted.note(now, so=not self.holds_subnet)
        self.ever_permitted |= is_permitted
        self.ever_rejected |= self.is_rejected()
        self.may_be_adopted_no_more |= self.adopted and is_permitted
        # A decision may have been made just before a change, and RAM may list the state before it for a while.
        if self.let_in.within(now - GRACE, now):
            lately = {name for name, at in self.taken_out.items() if now - at <= GRACE}
            self.covered |= {*self.names, *lately}
        self._note_lapse(now, now if since is None else since)

    def _note_lapse(self, now: float, since: float) -> None:
        # Until now it was as the lapse says, whatever is so from now on.
        self.may_have_been_cut |= self.lapse is not None and self.lapse.standing(now) is not Standing.STAYS
        if self.is_refused() and self._may_be_connected():
            self.lapse = self.lapse or Lapse(since)
            self.lapse.resume(since, urgent=self.home.cuts_at_once(self.requester.account_id))
            self.may_have_been_cut |= self.lapse.is_urgent
        elif self.lapse is not None:
            self.lapse.interrupt()

    def _may_be_connected(self) -> bool:
        """Return whether a binding may have something of the share connected; a connection may always be."""
        account_id = self.requester.account_id
        return not self.is_share or any(
            binding.matches(account_id, name) and self.home.vpcs_of(binding)
            for binding in self.home.bindings.values()
            for name in self.covered
        )

    def _account_is_let_in(self) -> bool:
        return self.home.lets_in(self.requester.account_id, to_service=not self.is_share)


@dataclass
class Unmanaged:
    """A service that is not Drawbridge's, with a connection."""

    home: Home
    requester: Person
    service_id: str
    endpoint_id: str
    accepted: bool = False
    """Whether a person accepted the connection."""
