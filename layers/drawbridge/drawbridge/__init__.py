"""Drawbridge: a private connection between two AWS accounts, without a ticket.

**hint → request → decision → (approval) → acceptance → association → publication → record**

An event is a hint; what AWS lists is the truth. So an event says only what to sweep, and everything that is decided,
is decided on what AWS answers when asked. What goes into each step, and what comes out:

``hint``
    an event, a connection notification or the schedule → ``SweepScope``: what to sweep, and no more
``discovery``
    ``SweepScope`` → ``ObservedRequest``, each as AWS lists it, compared with its ``LedgerRow`` → ``ExecutionInput``,
    for each request that needs an attempt; it is above the other steps, since it compares what each of them left behind
``request``
    what a request is: ``ResourceShareRequest`` or ``EndpointConnectionRequest``, with an id made of what it is about
``decision``
    ``Request`` → ``Facts``, and the Cedar policies in force → ``Decision``: accept, ask an approver, reject; or hold
``approval``
    ``AskApprover`` → ``Question`` → ``Approval``: what approvers are shown, and what they answered to exactly that
``acceptance``
    ``ActionableDecision`` and what it was ``DecidedOn`` → ``Acceptance``, after AWS was asked once more; or
    ``DecideAgain``
``association``
    bindings and what Lattice describes → ``Plan`` of ``DesiredAttachment``; each, against ``ObservedAttachment`` →
    ``Step``, until it is a ``MadeAttachment``
``publication``
    ``DesiredAttachment`` and ``MadeAttachment`` → ``PublicationPlan`` → ``Publication``: the names that resolve
``record``
    ``Progress`` → ``Outcome`` → the ledger's row, and ``StatusChange``, the event on the bus

Beside the flow: ``configuration`` (what people configure, the last good version of it), ``lattice`` (VPC Lattice's
vocabulary), ``aws`` (the only place that speaks to AWS), ``bootstrap`` (builds what each function needs),
``environment`` (reads the variables), ``errors``.
"""
