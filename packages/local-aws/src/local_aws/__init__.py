"""A strict AWS on one loopback port, for tests: moto, extended where moto is silent, corrected where it errs.

From the outside in:

- ``command``, ``server``: the port. ``control`` is what is below ``/_local/``, ``middleware`` before every AWS call.
- ``deployment``: from a template, through the SAM translator, to resources.
- ``slack``: a workspace of Slack's. ``http_apis``: API Gateway's HTTP APIs.
- ``delivery``: EventBridge, SNS, SQS and Scheduler, delivering to functions. ``workflows``: Step Functions.
- ``functions``: each Lambda function in a process of its own, under AWS's own runtime client.
- ``iam``: what each role may do.
- ``services``: RAM, PrivateLink, VPC Lattice, Organizations and the rest of what moto lacks or tells wrongly.
- ``conformance``, ``throttling``, ``fault_injection``: what a call is held to, and what may befall it.
- ``moto_extension``, ``policy_language``, ``http``, ``time``, ``project``: the ground that all of it stands on.
"""
