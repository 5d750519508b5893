"""An AWS on one loopback port: moto, extended where moto is silent, with Drawbridge's stack deployed from its template.

Never shipped to Lambda. From the outside in:

- ``server``: the port. ``control`` answers ``/_local/...``, ``gate`` stands before every AWS call (recording, faults).
- ``deployment``: from ``template.yaml``, through the SAM translator, to resources.
- ``delivery``: EventBridge, SNS, SQS and Scheduler, delivering to functions.
- ``functions``: each Lambda function in a process of its own, under AWS's own runtime client.
- ``workflows``: Step Functions, mended.
- ``services``: RAM, PrivateLink, VPC Lattice, Organizations and the rest of what moto lacks or tells wrongly.
- ``clock``: the one time.
"""
