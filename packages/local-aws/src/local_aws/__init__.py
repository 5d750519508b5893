"""A strict AWS on one loopback port, for tests: moto with extensions and corrections.

From the outside in:

- ``command``, ``server``: the port. ``control`` serves ``/_local/``, ``middleware`` handles every AWS call first.
- ``deployment``: from a template, through the SAM translator, to resources.
- ``slack``: a Slack workspace. ``http_apis``: API Gateway's HTTP APIs.
- ``delivery``: EventBridge, SNS, SQS and Scheduler, delivering to functions. ``workflows``: Step Functions.
- ``functions``: each Lambda function in a process of its own, under AWS's own runtime client.
- ``iam``: the permissions of roles.
- ``services``: RAM, PrivateLink, VPC Lattice, Organizations and other services that moto lacks or gets wrong.
- ``conformance``, ``throttling``, ``fault_injection``: checks, throttles and faults of calls.
- ``moto_extension``, ``policy_language``, ``http``, ``time``, ``project``: the common base.
"""
