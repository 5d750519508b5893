"""The tag that says when something of ours is taken down: on endpoints, on VPC Lattice's objects, on parameters."""

from __future__ import annotations

from typing import TYPE_CHECKING

from drawbridge.aws.errors import translated

if TYPE_CHECKING:
    from mypy_boto3_ec2 import EC2Client
    from mypy_boto3_ssm import SSMClient
    from mypy_boto3_vpc_lattice import VPCLatticeClient

WITHDRAW_AFTER_TAG = "drawbridge:withdraw-after"
"""Its value is a time in ISO 8601, UTC."""


class ObjectTags:
    """Tags and untags; the role lets only that be tagged that carries our ownership tag."""

    def __init__(self, ec2: EC2Client, lattice: VPCLatticeClient, ssm: SSMClient) -> None:
        self._ec2 = ec2
        self._lattice = lattice
        self._ssm = ssm

    def tag(self, thing: str, value: str) -> None:
        """Tag an endpoint by its id, an object of VPC Lattice's by its ARN, or a parameter by its name.

        Repeating it changes nothing.

        Raises:
            GoneError: there is no such thing.
            AccessDeniedError: it does not carry our ownership tag.
        """
        with translated(f"tag {thing}"):
            if thing.startswith("arn:"):
                self._lattice.tag_resource(resourceArn=thing, tags={WITHDRAW_AFTER_TAG: value})
            elif thing.startswith("/"):
                self._ssm.add_tags_to_resource(
                    ResourceType="Parameter", ResourceId=thing, Tags=[{"Key": WITHDRAW_AFTER_TAG, "Value": value}]
                )
            else:
                self._ec2.create_tags(Resources=[thing], Tags=[{"Key": WITHDRAW_AFTER_TAG, "Value": value}])

    def untag(self, thing: str) -> None:
        """Take the tag from something, or find that it has none.

        Raises:
            GoneError: there is no such thing.
            AccessDeniedError: it does not carry our ownership tag.
        """
        with translated(f"untag {thing}"):
            if thing.startswith("arn:"):
                self._lattice.untag_resource(resourceArn=thing, tagKeys=[WITHDRAW_AFTER_TAG])
            elif thing.startswith("/"):
                self._ssm.remove_tags_from_resource(
                    ResourceType="Parameter", ResourceId=thing, TagKeys=[WITHDRAW_AFTER_TAG]
                )
            else:
                self._ec2.delete_tags(Resources=[thing], Tags=[{"Key": WITHDRAW_AFTER_TAG}])
