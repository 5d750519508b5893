"""The local AWS's public interface for tests, on which other projects may rely.

- ``server``: ``LocalAws``, which serves it on a port of this machine.
- ``accounts``: ``Account``, a person or role in an account, with their SDK clients.
- ``deployment``: SAM templates: deployed in an account, read, or translated to CloudFormation.
- ``clock``: the one clock, which can be advanced; ``fast_forward`` skips the time in which nothing happens.
- ``faults``: calls that fail, functions that are killed, events that are lost.
- ``record``: the AWS calls that were made, listed and counted by caller.
- ``iam``: permissions that roles needed, were denied or did not use, and whether a call would be refused.
- ``settings``: how strict this AWS is, such as its quotas, timings and throttles; ``throttles``: its request rates.
- ``organizations``: membership of organizations.
- ``incidents``: events that AWS or others cause without a call of yours.
- ``copies``: copies of endpoints, shares and parameters, for thousands of them at once.
- ``ids``: ids that you choose, where AWS makes up its own.
- ``stores``: what there is in tables, Parameter Store and among endpoints, read in the process.
- ``functions``, ``workflows``: facts about Lambda's functions and Step Functions' executions that no API has.
- ``slack``: the workspace: messages, people who click, apps.
- ``matching``: whether a text fits a filter of EC2, and an event a pattern of EventBridge.
- ``conformance``: answers that differ from botocore's models.

All but ``server`` and ``accounts`` work in the process that serves: moto's state is one for the process, and so is the
local AWS. ``local_aws.pytest_plugin`` has fixtures for most of it::

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

Nothing here depends on what is deployed.
"""
