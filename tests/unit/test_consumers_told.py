"""docs/consumers-told.md: what it has people copy is what it should be."""

from __future__ import annotations

import json
import re

import msgspec
import pytest
from cfnlint.api import lint

from drawbridge.intake.notices.notice import ConsumerNotice, NoticeType
from drawbridge.intake.offering.share_notice import ShareNoticeType
from tests.builders import REPOSITORY

PAGE = (REPOSITORY / "docs" / "consumers-told.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("template", blocks("yaml"), ids=range(2))
def test_each_template_passes_cloudformation_s_linter(template: str) -> None:
    found = lint(template, regions=["us-east-1"])

    assert [str(each) for each in found if each.rule.severity != "informational"] == []


def test_the_notice_is_one_of_ours() -> None:
    (written,) = blocks("json")

    notice = msgspec.json.decode(written, type=ConsumerNotice)
    assert json.loads(msgspec.json.encode(notice)) == json.loads(written)


def test_every_type_of_a_notice_is_there() -> None:
    written = re.findall(r"^\| `((?:connection|share)\.[a-z-]+)`.*\| `([A-Z]+)` \|$", PAGE, re.MULTILINE)

    assert {name for name, _ in written} == {*NoticeType, *ShareNoticeType}
    assert {name: status for name, status in written if name in {*ShareNoticeType}} == {
        each: each.status for each in ShareNoticeType
    }
