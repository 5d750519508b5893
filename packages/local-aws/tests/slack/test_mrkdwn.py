from __future__ import annotations

from datetime import UTC, datetime
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local_aws.slack import mrkdwn
from local_aws.slack.mrkdwn import Rendered, WorkspaceNames

NAMES = WorkspaceNames({"U0BOB": "bob"}, {"C0APPROVALS": "net-approvals"}, {"S0NETADMINS": "net-admins"})
NOW = datetime(2026, 11, 26, 12, 0, tzinfo=UTC)


def render(text: str, *, verbatim: bool = False) -> Rendered:
    return mrkdwn.render(text, NAMES, NOW, verbatim=verbatim)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain", "plain"),
        ("*bold* _italic_ ~gone~", "<b>bold</b> <i>italic</i> <s>gone</s>"),
        ("2 * 3 * 4, snake_case_name", "2 * 3 * 4, snake_case_name"),
        ("`a < b` and *b*", "<code>a &lt; b</code> and <b>b</b>"),
        ("`*not bold*`", "<code>*not bold*</code>"),
        ("*bold `code` bold*", "<b>bold <code>code</code> bold</b>"),
        ("```\nline one\n*two*```", "<pre>line one\n*two*</pre>"),
        ("a &lt;b&gt; &amp;amp; c", "a &lt;b&gt; &amp;amp; c"),
        ("a\nb", "a<br>b"),
        ("&gt; quoted\nafter", "<blockquote>quoted</blockquote>after"),
        (":x: `:x:` :nothing: 12:30:45", "\N{CROSS MARK} <code>:x:</code> :nothing: 12:30:45"),
        ("<not a link>", "&lt;not a link&gt;"),
        ("<script>alert(1)</script>", "&lt;script&gt;alert(1)&lt;/script&gt;"),
        ("<javascript:alert(1)|click>", "&lt;javascript:alert(1)|click&gt;"),
        ("&quot; &#39;", "&amp;quot; &amp;#39;"),
        ("\ue0000\ue001", "0"),
    ],
)
def test_text_looks_as_in_slack(text: str, shown: str) -> None:
    assert render(text) == Rendered(shown)


@pytest.mark.parametrize(
    ("text", "mention", "shown"),
    [
        ("<@U0BOB>", "@U0BOB", "@bob"),
        ("<@U0BOB|robert>", "@U0BOB", "@bob"),
        ("<@U0NOBODY>", "@U0NOBODY", "@U0NOBODY"),
        ("<#C0APPROVALS>", "#C0APPROVALS", "#net-approvals"),
        ("#net-approvals", "#C0APPROVALS", "#net-approvals"),
        ("<!channel>", "!channel", "@channel"),
        ("<!here|quiet>", "!here", "@here"),
        ("<!everyone>", "!everyone", "@everyone"),
        ("<!subteam^S0NETADMINS>", "!subteam^S0NETADMINS", "@net-admins"),
        ("`<!channel>`", "!channel", "@channel"),
        ("*<!channel>*", "!channel", "@channel"),
        ("```<@U0BOB>```", "@U0BOB", "@bob"),
    ],
)
def test_a_mention_is_one(text: str, mention: str, shown: str) -> None:
    rendered = render(text)

    assert rendered.mentions == (mention,)
    assert f">{shown}</span>" in rendered.html


@pytest.mark.parametrize(
    ("text", "link", "shown"),
    [
        ("<https://example.com/a?b=1&amp;c=2|here>", "https://example.com/a?b=1&c=2", "here"),
        ("<https://example.com>", "https://example.com", "https://example.com"),
        ("see https://example.com/a.", "https://example.com/a", "https://example.com/a"),
        ("<mailto:a@example.com|mail>", "mailto:a@example.com", "mail"),
        ("<HTTPS://example.com|&lt;b&gt;>", "HTTPS://example.com", "&lt;b&gt;"),
    ],
)
def test_a_link_is_one(text: str, link: str, shown: str) -> None:
    rendered = render(text)

    assert rendered.links == (link,)
    assert f'rel="noopener noreferrer">{shown}</a>' in rendered.html


@pytest.mark.parametrize("text", ["<!channel>", "<@U0BOB>", "<https://evil.example|click>", "<!subteam^S0NETADMINS>"])
def test_escaped_text_makes_no_mentions_and_no_links(text: str) -> None:
    """Trap 29."""
    rendered = render(mrkdwn.escape(text), verbatim=True)

    assert (rendered.mentions, rendered.links) == ((), ())
    assert "<" not in rendered.html.replace("&lt;", "")


def test_mentions_and_links_can_be_found_without_rendering() -> None:
    assert mrkdwn.mentions("<!channel> #net-approvals <@U0BOB>") == ("!channel", "#C0APPROVALS", "@U0BOB")
    assert mrkdwn.links("https://example.com <https://example.com|again>") == ("https://example.com",)
    assert mrkdwn.links("https://example.com", verbatim=True) == ()


def test_escaping_alone_does_not_keep_a_bare_address_from_being_a_link() -> None:
    assert render(mrkdwn.escape("https://evil.example")).links == ("https://evil.example",)
    assert render(mrkdwn.escape("https://evil.example"), verbatim=True).links == ()
    assert render("`https://evil.example`").links == ()


def test_plain_text_is_shown_to_the_letter() -> None:
    text_object = {"type": "plain_text", "text": "<!channel> &lt; *b* <b>\n"}

    assert mrkdwn.render_object(text_object, NAMES, NOW) == Rendered("&lt;!channel&gt; &amp;lt; *b* &lt;b&gt;<br>")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("<!date^1795694400^{date_num} {time_secs}|x>", "2026-11-26 12:00:00 PM"),
        ("<!date^1795694400^{date} at {time}|x>", "November 26th, 2026 at 12:00 PM"),
        ("<!date^1795694400^{date_short_pretty}|x>", "today"),
        ("<!date^1795780800^{date_pretty}|x>", "tomorrow"),
        ("<!date^1795608000^{date_long_pretty}|x>", "yesterday"),
        ("<!date^1795003200^{date_long_pretty}|x>", "Wednesday, November 18th, 2026"),
        ("<!date^1795003200^{date_short}|x>", "Nov 18, 2026"),
        ("<!date^1795698000^{ago}|x>", "in 1 hour"),
        ("<!date^1795694280^{ago}|x>", "2 minutes ago"),
        ("<!date^soon^{date}|some day>", "some day"),
        ("<!date^99999999999999999^{date}|some day>", "some day"),
        ("<!date^1795694400^{unknown}|x>", "{unknown}"),
        ("<!date^1795694400^{date}>", "&lt;!date^1795694400^{date}&gt;"),
    ],
)
def test_a_date_is_formatted_as_its_token_says(text: str, shown: str) -> None:
    assert render(text) == Rendered(shown)


def test_a_date_may_be_a_link() -> None:
    assert render("<!date^1795694400^{time}^https://example.com|x>").links == ("https://example.com",)


class _Elements(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))


_PIECES = st.sampled_from(
    ["<", ">", "&", "&lt;", "&amp;", '"', "'", "`", "```", "*", "_", "~", "|", "^", "!", "@", "#", "\n", "\ue000", "0",
     "\ue001", "!date^1^", "javascript:", "https://", "mailto:", "script", "img src=x onerror=alert(1)", " ", "a"]
)  # fmt: skip


@given(st.lists(_PIECES, max_size=30).map("".join), st.booleans())
def test_no_text_makes_any_markup_but_ours(text: str, verbatim: bool) -> None:
    elements = _Elements()
    elements.feed(render(text, verbatim=verbatim).html)

    for tag, attributes in elements.found:
        assert tag in {"a", "b", "i", "s", "br", "code", "pre", "span", "blockquote"}
        assert attributes.keys() <= {"href", "title", "target", "rel", "class"}
        href = (attributes.get("href") or "https://").lower()
        assert href.startswith(("http://", "https://", "mailto:", "tel:"))
