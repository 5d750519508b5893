"""Reading bindings, JSON or YAML; apart from what they are, which most functions need without the reader of YAML."""

import re
from collections.abc import Iterator, Sequence
from contextlib import suppress

import yaml
from msgspec import Struct

from drawbridge.association import Mode
from drawbridge.association.binding import Attach, Binding, BindingDocument, VpcTag
from drawbridge.document_lines import line_of
from drawbridge.document_mistakes import Mistake, mistakes_in
from drawbridge.errors import InvalidInputError
from drawbridge.parsing import DEEPEST, UnreadableError, line_too_deep, read_document, read_json

_MOST_GROUPS = 5
"""Of a service network's association with a VPC (VPC Lattice user guide, "Quotas")."""

_LONGEST = 8192
"""Characters of a parameter of the advanced tier; more can't come from Parameter Store."""

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")


class InvalidBindingError(InvalidInputError):
    """A binding that cannot take effect: all that is wrong with it; the message tells the first."""

    def __init__(self, name: str, mistakes: Sequence[Mistake]) -> None:
        first = mistakes[0]
        super().__init__(f"binding {name}{f', line {first.line}' if first.line else ''}: {first.message}")
        self.mistakes = tuple(mistakes)


def parse_binding(name: str, text: str) -> Binding:
    """Read a binding, JSON or YAML.

    Raises:
        InvalidBindingError: it can't be read, or a field is missing, unknown or wrong. The message names line or field.
    """
    if _NAME.fullmatch(name) is None:
        reason = "a name is one level of letters, digits, '-', '_' and '.', 64 at most"
        raise InvalidBindingError(repr(name[:100]), [Mistake(message=reason)])
    loaded = _load(name, text)
    try:
        document = read_document(loaded, BindingDocument)
    except UnreadableError as error:
        mistakes = mistakes_in(loaded, BindingDocument, text)
        with suppress(UnreadableError):
            # What does not go together is told besides, if all of it can be read.
            mistakes += _troubles_in(text, read_document(loaded, _Attached).attach)
        raise InvalidBindingError(name, mistakes) from error
    if troubles := _troubles_in(text, document.attach):
        raise InvalidBindingError(name, troubles)
    return Binding(name=name, match=document.match, attach=document.attach)


class _Attached(Struct, frozen=True):
    """A binding, whatever else of it can't be read."""

    attach: Attach


def _invalid(name: str, reason: str, line: int | None = None) -> InvalidBindingError:
    return InvalidBindingError(name, [Mistake(message=reason, line=line)])


def _troubles_in(text: str, attach: Attach) -> list[Mistake]:
    """Return what does not go together."""
    named = ((each, each.partition(" ")[0].rstrip(":")) for each in _troubles(attach))
    return [Mistake(message=each, line=line_of(text, *field.split(".")), field=field) for each, field in named]


def _troubles(attach: Attach) -> Iterator[str]:
    """Yield what does not go together."""
    by_endpoint = attach.mode is not Mode.SERVICE_NETWORK
    if by_endpoint and attach.vpc is None:
        yield f"attach.vpc is missing; mode {attach.mode} needs one"
    if attach.mode is Mode.RESOURCE_ENDPOINT and attach.service_network is not None:
        yield f"attach.serviceNetwork goes with the other modes; leave it out, or use mode {Mode.SERVICE_NETWORK}"
    if isinstance(attach.vpc, VpcTag) and attach.subnets:
        yield "attach.subnets belong to one VPC; leave them out where attach.vpc is a tag"
    if attach.subnets and not by_endpoint:
        yield f"attach.subnets are an endpoint's; mode {attach.mode} makes none, leave them out"
    if attach.ip_address_type and not by_endpoint:
        yield f"attach.ipAddressType is an endpoint's; mode {attach.mode} makes none, leave it out"
    if attach.mode is Mode.SERVICE_NETWORK and len(attach.security_groups) > _MOST_GROUPS:
        yield f"attach.securityGroups: a VPC's association takes {_MOST_GROUPS} at most"
    if attach.security_groups and attach.vpc is None:
        yield "attach.securityGroups belong to the VPC's side; name attach.vpc, or leave them out"
    if attach.alias is not None and isinstance(attach.vpc, VpcTag) and "{vpc}" not in attach.alias.name:
        yield "attach.alias.name needs {vpc} in it where attach.vpc is a tag: each VPC has a name of its own"
    if attach.alias is not None and "{vpc}" in attach.alias.name and attach.vpc is None:
        yield "attach.alias.name has {vpc} in it, and there is no attach.vpc"


def _load(name: str, text: str) -> object:
    """Read JSON or YAML. YAML's scalars all stay text, ``off`` and an account's leading zeros too."""
    if len(text) > _LONGEST:
        raise _invalid(name, f"{len(text)} characters, {_LONGEST} at most")
    if (line := line_too_deep(text)) is not None:
        raise _invalid(name, f"brackets nested deeper than {DEEPEST}", line)
    try:
        if text.lstrip().startswith("{"):
            with suppress(UnreadableError):
                return read_json(text, object)
        return yaml.load(text, yaml.BaseLoader)  # noqa: S506 - it makes text, lists and mappings of anything
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise _invalid(name, str(error.problem or error.context), line) from error
    except RecursionError:
        raise _invalid(name, "nested too deep") from None
    except (yaml.YAMLError, ValueError, OverflowError) as error:
        # YAML's escapes may name characters that there are not. Some of its messages have several lines.
        raise _invalid(name, " ".join(str(error).split())) from error
