"""Intake: the registry of consumers is the desired state of who is offered this account's services and shares.

What is offered is not what is connected: an offer lets an account find a service, or a share that holds resources of
VPC Lattice, and ask for it. Whether it is let in is decided on its own. Taking an offer back disconnects nobody.

Its rooms: who is registered (``registration``), and proves that it is who it says (``ownership``), is offered what its
entry calls for (``offering``); what an account that left a share has associated goes (``disassociation``), and
consumers are told (``notices``).
"""
