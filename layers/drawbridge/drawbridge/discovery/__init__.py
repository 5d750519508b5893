"""Discovery: the sweep, which compares what AWS lists with the ledger, and gives requests the attempts that they need.

It is above the other steps of the flow: it compares what each of them left behind, and starts the first step again
where something that an outcome depended on has changed.
"""
