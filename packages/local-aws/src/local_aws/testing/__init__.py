"""The local AWS as tests see it: what other projects may rely on, each module one thing.

- ``server``: ``LocalAws``, which serves it on a port of this machine.
- ``accounts``: ``Account``, somebody in an account, with full access or in a role of it, and their SDK clients.
- ``deployment``: a SAM template, deployed in an account, read, or made CloudFormation of.
- ``clock``: the one time, which can be advanced; ``fast_forward`` leaves out the time in which nothing happens.
- ``faults``: calls that fail, functions that are killed, events that are lost.
- ``record``: the AWS calls that were made, by whom, one by one and counted.
- ``iam``: what roles needed and were denied, what of their policies nobody used, what a call would be refused for.
- ``settings``: how hard this AWS is, such as its quotas, timings and throttles; ``throttles``: how hard it throttles.
- ``organizations``: who is in which organization.
- ``incidents``: what AWS, or somebody out of reach, does without any call of yours.
- ``functions``, ``workflows``: what their own APIs don't tell of Lambda's functions and Step Functions' executions.
- ``slack``: the workspace: messages, people who click, apps.
- ``matching``: whether a text fits a filter of EC2, and an event a pattern of EventBridge.
- ``conformance``: answers that are not as botocore's models have them.

All but ``server`` and ``accounts`` work in the process that serves: moto's state is one for the process, and so is the
local AWS. ``local_aws.pytest_plugin`` has fixtures for the most of it::

    pytest_plugins = ["local_aws.pytest_plugin"]


    def test_a_function_that_is_killed_is_tried_again(local_aws_deploy, local_aws_accounts, local_aws_faults):
        local_aws_deploy("template.yaml", "123456789012", name="mine")
        somebody = local_aws_accounts.person("123456789012")
        killed = CallFault("ssm:PutParameter", "kill-after", role="mine-Keeper*", times=1)

        with local_aws_faults.injected(killed) as injected:
            somebody.client("sqs").send_message(QueueUrl=..., MessageBody="keep")
            assert fast_forward(3600, until=lambda: somebody.parameter("/kept") == "keep")

        assert injected.struck(killed) == 1

A project that serves its own stack may make a command of its own of ``local_aws.command`` too.

Nothing here knows what is deployed.
"""
