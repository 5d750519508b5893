"""Drawbridge: a private connection between two AWS accounts, without a ticket.

**hint → request → decision → (approval) → acceptance → association → publication → record**

An event is a hint; what AWS lists is the truth. So an event says only where to look, and everything that is decided,
is decided on what AWS answers when asked.

``hint``
    Whatever comes in, EventBridge events, connection notifications, the schedule, says where to look, and no more.
``request``
    Looking: invitations, shares and endpoint connections become requests. Each has an id made of what it is about,
    and each attempt at it is one execution of the onboarding workflow, named so that a second one cannot start.
``decision``
    Facts are gathered and the Cedar policies decide: accept, ask an approver, reject; or the request is held.
``acceptance``
    The invitation or connection is looked at once more, then accepted or rejected.
``association``
    Bindings say which shared resource goes where; what is wanted and allowed is planned, then made.
``publication``
    The name that resolves goes to Parameter Store, once it is usable, and only if it changed.
``record``
    The ledger's row, and the event on the bus, of every change of status.

Beside the flow: ``configuration`` (what people configure, the last good version of it), ``aws`` (the only place that
speaks to AWS), ``bootstrap`` (builds what each function needs), ``lattice`` (VPC Lattice's vocabulary), ``environment``
(reads the variables), ``errors``.
"""
