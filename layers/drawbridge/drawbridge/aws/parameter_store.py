"""Systems Manager's Parameter Store: the names we publish."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from drawbridge.aws.errors import code_of, translated
from drawbridge.aws.ownership import OWNER_TAG
from drawbridge.aws.parameter_deletion import MOST_AT_ONCE
from drawbridge.bounds import in_parts, some_of
from drawbridge.errors import AccessDeniedError, DrawbridgeError, ThrottledError
from drawbridge.pacing.defaults import DELETE_PARAMETERS, PUT_PARAMETER
from drawbridge.pacing.pace import AT_ONCE, Pacing
from drawbridge.publication.parameters import ObservedParameter

if TYPE_CHECKING:
    from mypy_boto3_ssm import SSMClient
    from mypy_boto3_ssm.type_defs import TagTypeDef

SUBJECT_TAG = "drawbridge:subject"


class PublishedParameters:
    """The parameters that we publish names in. Only what carries our ownership tag is ever overwritten."""

    def __init__(self, ssm: SSMClient, *, owner: str, pace: Pacing = AT_ONCE, writing: SSMClient | None = None) -> None:
        """``writing`` is the client of the calls that have a pace: each is made once."""
        self._ssm = ssm
        self._owner = owner
        self._pace = pace
        self._writing = ssm if writing is None else writing

    def read(self, name: str) -> ObservedParameter | None:
        return self.read_all([name]).get(name)

    def read_all(self, names: Sequence[str]) -> dict[str, ObservedParameter]:
        """Return those of the parameters that are there: a call for ten, and one for the tags of each that is there."""
        found = dict[str, ObservedParameter]()
        for name, value in self.published(names).items():
            with translated(f"read {name}"):
                try:
                    tags = self._ssm.list_tags_for_resource(ResourceType="Parameter", ResourceId=name)["TagList"]
                except ClientError as error:
                    if code_of(error) != "InvalidResourceId":
                        raise
                    # It was deleted a moment ago.
                    continue
            carried = {tag["Key"]: tag["Value"] for tag in tags}
            ours = carried.get(OWNER_TAG) == self._owner
            found[name] = ObservedParameter(value=value, subject=carried.get(SUBJECT_TAG, "") if ours else "")
        return found

    def published(self, parameters: Collection[str]) -> dict[str, str]:
        """Return the values of those of the parameters that are there, in as few calls as that takes."""
        names, found = sorted(set(parameters)), dict[str, str]()
        for some in in_parts(names, MOST_AT_ONCE):
            with translated(f"read {some_of(some)}"):
                answer = self._ssm.get_parameters(Names=some)
            found |= {each["Name"]: each["Value"] for each in answer["Parameters"]}
        return found

    def create(self, name: str, value: str, *, subject: str) -> bool:
        """Write a new parameter; ``False`` if there is one of that name.

        Tags go with the first write: AWS refuses them together with ``Overwrite``, and a parameter without them would
        not be ours.
        """
        with self._paced(PUT_PARAMETER), translated(f"write {name}"):
            try:
                self._writing.put_parameter(Name=name, Value=value, Type="String", Tags=self._tags(subject))
            except ClientError as error:
                if code_of(error) != "ParameterAlreadyExists":
                    raise
                return False
        return True

    def overwrite(self, name: str, value: str, *, subject: str) -> None:
        """Write a parameter that carries our ownership tag, and tag it with the subject that it is published for now.

        The value first: until the tag follows, the next run sees a foreign subject and writes both again.
        """
        with self._paced(PUT_PARAMETER), translated(f"write {name}"):
            self._writing.put_parameter(Name=name, Value=value, Type="String", Overwrite=True)
        with translated(f"tag {name}"):
            self._ssm.add_tags_to_resource(ResourceType="Parameter", ResourceId=name, Tags=self._tags(subject))

    def below(self, path: str) -> Iterator[tuple[str, str]]:
        """Yield name and value of all parameters below a path."""
        # AWS checks the path as it is: with its slash, what roles may read below a path allows the path itself, too.
        root = f"{path}/"
        with translated(f"read what is below {path}"):
            for page in self._ssm.get_paginator("get_parameters_by_path").paginate(Path=root, Recursive=True):
                for each in page["Parameters"]:
                    yield each["Name"], each["Value"]

    def remove_all(self, subjects: Mapping[str, str]) -> dict[str, DrawbridgeError]:
        """Remove those parameters that carry our ownership tag and are of the subject that is given for each.

        Any other is left alone. They are removed in their order, ten in a call; returned is why of those that are not.
        Where the role may not remove one of ten, AWS removes none of them: each is tried by itself then. What is below
        the path of one that stays, and comes after it, stays too.
        """
        there = self.read_all([*subjects])
        # What is not ours has no subject.
        ours = [name for name, subject in subjects.items() if name in there and there[name].subject == subject != ""]
        failed: dict[str, DrawbridgeError] = {}
        for some in in_parts(ours, MOST_AT_ONCE):
            failed |= self._remove(some, failed)
        return failed

    def _remove(self, names: Sequence[str], failed: Mapping[str, DrawbridgeError]) -> dict[str, DrawbridgeError]:
        """Remove parameters, ten at most; return why of those that are not."""
        stay = {_parent(each): error for each, error in failed.items()}
        kept = {each: stay[_parent(each)] for each in names if _parent(each) in stay}
        to_remove = [each for each in names if each not in kept]
        if not to_remove:
            return kept
        try:
            with self._paced(DELETE_PARAMETERS), translated(f"remove {some_of(to_remove)}"):
                # What it calls invalid is gone already.
                self._writing.delete_parameters(Names=to_remove)
        except AccessDeniedError as error:
            if len(to_remove) > 1:
                for each in to_remove:
                    kept |= self._remove([each], kept)
            # What somebody else has just removed has no tags any longer, by which the role allows it.
            elif self.read(to_remove[0]) is not None:
                kept[to_remove[0]] = error
        except DrawbridgeError as error:
            kept |= dict.fromkeys(to_remove, error)
        return kept

    @contextmanager
    def _paced(self, operation: str) -> Iterator[None]:
        """Make a call once its slot has come."""
        self._pace.wait(operation)
        try:
            yield
        except ThrottledError as error:
            self._pace.throttled(operation, error)
            raise

    def _tags(self, subject: str) -> list[TagTypeDef]:
        return [{"Key": OWNER_TAG, "Value": self._owner}, {"Key": SUBJECT_TAG, "Value": subject}]


def _parent(name: str) -> str:
    return name.rpartition("/")[0]
