"""Discovery: the sweep, which compares what AWS lists with the ledger, and gives requests the attempts that they need.

It stands on top of the flow: it looks at what every step left behind, and starts the first step again where something
that an outcome depended on is not any longer as it was.
"""
