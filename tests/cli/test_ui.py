"""``drawbridge ui``: the page that shows a stack, in this process and as a command."""

from __future__ import annotations

import http.client
import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import boto3
import msgspec
import pytest

from drawbridge.association import MadeAttachment
from drawbridge.aws.history_table import HistoryTable
from drawbridge.aws.ledger_table import LedgerTable
from drawbridge.errors import AccessDeniedError, DrawbridgeError
from drawbridge.intake.offering.quotas import QuotaUsage
from drawbridge.legible import legible
from drawbridge.record import Outcome
from drawbridge.record.record import status_change
from drawbridge.status import Reason, Status
from drawbridge_cli.command_group import DEFAULT_STACK
from drawbridge_cli.scheduled_sweeps import ScheduledSweeps
from drawbridge_cli.stack import Stack
from drawbridge_cli.status_screen import quota_document
from drawbridge_cli.ui_server import UiServer
from drawbridge_cli.ui_site import Query, Shown, Site, View
from drawbridge_cli.ui_views import views_of
from drawbridge_cli.ui_words import words_document
from local_aws.testing.record import record
from local_aws_tests.browser import BROWSER, Tab, browsing, needs_browser
from tests.builders import NOW, REPOSITORY, SERVICE_ID, SHARE, STRANGER, execution_input
from tests.cli.connected import ATTACHMENT, LET_IN, connection, enter, enter_connected, enter_next_attempt, reach
from tests.cli.operators import Drawbridge, Operator, denied
from tests.legible_texts import LEGIBLE

HOSTILE = "<img src=x onerror=alert(1)><script>document.title='owned'</script>\u202egnp.exe"
DNS_NAME = "/drawbridge/connections/orders/orders-db/dns-name"
AT_WORK = connection(77)
"""What no other test enters: histories are kept from one to the next."""
_READS = re.compile(r"[a-z0-9-]+:(Get|BatchGet|Describe|List|Query|Scan|AssumeRole)\w*")


@contextmanager
def serving(views: dict[str, View]) -> Iterator[str]:
    """Serve a site; yield its address."""
    with UiServer(0, Site("token", views)) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield server.address
        finally:
            server.shutdown()
            thread.join()


@contextmanager
def ending(process: subprocess.Popen[str]) -> Iterator[None]:
    """End a process that has not ended by itself, whatever a test finds."""
    try:
        yield
    finally:
        process.kill()


@pytest.fixture
def ledger(operator: Operator) -> Iterator[LedgerTable]:
    table = operator.table("LedgerTableName")
    history = HistoryTable(
        operator.table("HistoryTableName"), now=lambda: NOW, keep_for=timedelta(days=400), on_lost=pytest.fail
    )
    yield LedgerTable(table, now=lambda: NOW, history=history)
    for item in table.scan(ProjectionExpression="request_id")["Items"]:
        table.delete_item(Key=item)


class Watch:
    """A clock that a test sets."""

    def __init__(self) -> None:
        self.seconds = 1000.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
def watch() -> Watch:
    return Watch()


@pytest.fixture
def views(at_work: Drawbridge, watch: Watch) -> dict[str, View]:
    return dict(views_of(Stack(DEFAULT_STACK, region=None, profile=None), watch))


def test_the_views_are_what_the_commands_print(
    at_work: Drawbridge, ledger: LedgerTable, views: dict[str, View]
) -> None:
    enter(ledger, SHARE, Status.AVAILABLE, let_in=LET_IN, attachments=(ATTACHMENT,), published=(DNS_NAME,))
    enter(ledger, connection(1), Status.HELD, account=STRANGER, reasons=(Reason("no-policy-permits", "None does."),))
    enter(ledger, connection(2), Status.WITHDRAWN, account=STRANGER)
    seen = {name: _json(views[name](query)) for name, query in ASKED.items()}

    assert seen["status"].pop("sweeps") == {"text": "the schedule has not had one sweep made yet", "tone": ""}
    for name, command in PRINTED.items():
        printed = at_work(*command, "--json").json
        # The page does not show what is offered.
        assert seen[name] == {key: each for key, each in printed.items() if key != "offers"}, name
    assert {each["status"] for each in seen["status"]["requests"]} == {"AVAILABLE", "HELD", "WITHDRAWN"}
    assert seen["stack"] == {name: seen["status"][name] for name in ("stack", "region", "account_id")}


SWEPT = {"text": "the last sweep, 3 min ago, observed 1 request and started no attempts", "tone": ""}
ASKED: dict[str, dict[str, str]] = {"status": {}, "why": {"of": SHARE.request_id}, "bindings": {}, "stack": {}}
PRINTED = {"status": ("status", "--all"), "why": ("why", SHARE.request_id), "bindings": ("bindings", "list")}


def test_names_are_told_with_the_document_beside_them(operator: Operator, views: dict[str, View]) -> None:
    ssm = operator.client("ssm")
    for name, value in {
        DNS_NAME: "vpce-1.example.com",
        DNS_NAME.replace("dns-name", "connection"): '{"mode": "resource-endpoint"}',
        f"/drawbridge/consumers/{STRANGER}/vpce-0aaa/dns-name": "vpce-2.example.com",
    }.items():
        ssm.put_parameter(Name=name, Value=value, Type="String", Overwrite=True)

    seen = _json(views["names"]({}))

    assert seen == {
        "connections": [
            {
                "path": DNS_NAME.removesuffix("/dns-name"),
                "dns_name": "vpce-1.example.com",
                "document": '{"mode": "resource-endpoint"}',
            }
        ],
        "consumers": [
            {"path": f"/drawbridge/consumers/{STRANGER}/vpce-0aaa", "dns_name": "vpce-2.example.com", "document": ""}
        ],
    }


def test_endpoints_are_told_with_the_states_that_aws_tells(
    operator: Operator, ledger: LedgerTable, views: dict[str, View]
) -> None:
    ec2 = operator.client("ec2")
    vpc_id = ec2.describe_vpcs()["Vpcs"][0]["VpcId"]
    tags = [{"ResourceType": "vpc-endpoint", "Tags": [{"Key": "drawbridge:owner", "Value": "drawbridge"}]}]
    network = operator.client("vpc-lattice").create_service_network(name="seen")
    made = ec2.create_vpc_endpoint(
        VpcEndpointType="ServiceNetwork", VpcId=vpc_id, ServiceNetworkArn=network["arn"], TagSpecifications=tags
    )["VpcEndpoint"]
    there = MadeAttachment(endpoint_id=made["VpcEndpointId"], resource_association="snra-0bbb")
    enter(
        ledger, SHARE, Status.AVAILABLE, let_in=LET_IN, attachments=(msgspec.structs.replace(ATTACHMENT, made=there),)
    )
    enter_connected(ledger, connection(1), account=STRANGER)
    enter(ledger, connection(2), Status.REJECTED, account=STRANGER)

    seen = _json(views["endpoints"]({}))

    told = {each["id"]: (each["kind"], each["state"], each["request_id"]) for each in seen["endpoints"]}
    assert told == {
        made["VpcEndpointId"]: ("endpoint", made["State"], SHARE.request_id),
        "snra-0bbb": ("resource association", None, SHARE.request_id),
        connection(1).endpoint_id: ("endpoint", None, connection(1).request_id),
    }
    assert next(each for each in seen["endpoints"] if each["account_id"] == STRANGER)["resource_arn"] == SERVICE_ID
    assert seen["states_unknown"] == ""


def test_without_leave_to_ask_for_states_the_rest_is_told(
    operator: Operator, ledger: LedgerTable, views: dict[str, View]
) -> None:
    enter_connected(ledger, connection(1), account=STRANGER)

    with denied("ec2:DescribeVpcEndpoints", operator.account_id):
        seen = _json(views["endpoints"]({}))

    assert [each["state"] for each in seen["endpoints"]] == [None]
    assert "AccessDenied" in seen["states_unknown"]


@pytest.mark.parametrize(
    ("view", "operation"),
    [
        ("status", "dynamodb:Scan"),
        ("why", "dynamodb:GetItem"),
        ("names", "ssm:GetParametersByPath"),
        ("endpoints", "dynamodb:Scan"),
        ("bindings", "ssm:GetParametersByPath"),
    ],
)
def test_what_aws_denies_is_an_error_of_ours(
    operator: Operator, views: dict[str, View], view: str, operation: str
) -> None:
    with denied(operation, operator.account_id), pytest.raises(DrawbridgeError, match="AccessDenied"):
        views[view](ASKED.get(view, {}))


def test_what_was_denied_is_asked_for_anew_after_some_seconds(
    operator: Operator, views: dict[str, View], watch: Watch
) -> None:
    with denied("dynamodb:Scan", operator.account_id), pytest.raises(AccessDeniedError):
        views["status"]({})
    mark = record.mark()

    with pytest.raises(AccessDeniedError):
        views["endpoints"]({})

    assert _reads(operator, mark) == {}
    watch.seconds += 4
    assert _json(views["status"]({}))["requests"] == []


def test_several_windows_cost_no_more_than_one_and_say_how_old_they_are(
    operator: Operator, views: dict[str, View], watch: Watch
) -> None:
    asked: dict[str, dict[str, str]] = {"status": {}, "endpoints": {}, "why": {"of": STRANGER}, "names": {}}
    for name, query in asked.items():
        views[name](query)
    mark = record.mark()
    watch.seconds += 3

    ages = [views[name](query).age for _ in range(2) for name, query in asked.items()]

    assert record.since(mark, account_id=operator.account_id) == []
    assert {*ages} == {3}
    watch.seconds += 1
    assert views["status"]({}).age == 0
    assert _reads(operator, mark) == {"dynamodb:Scan": 1}


@pytest.mark.parametrize(
    ("query", "least"),
    [
        # The ledger is read each 30 seconds at rest, and not each five.
        ({"of": STRANGER}, {"dynamodb:Scan": 124, "dynamodb:Query": 60}),
        ({"of": connection(1).request_id}, {"dynamodb:GetItem": 124, "dynamodb:Query": 60}),
        # Of what is gone the history is searched, which is a scan too.
        ({"of": "vpce-0aaa"}, {"dynamodb:Scan": 124 + 6, "dynamodb:GetItem": 124, "dynamodb:Query": 60}),
        ({"of": "vpce-never"}, {"dynamodb:Scan": 124 + 6}),
        (None, {"dynamodb:Scan": 124, "dynamodb:GetItem": 61}),
    ],
    ids=["account", "request", "gone", "unknown", "status"],
)
def test_an_hour_of_an_open_page_reads_what_may_have_changed_and_no_more(
    operator: Operator,
    ledger: LedgerTable,
    views: dict[str, View],
    watch: Watch,
    query: dict[str, str] | None,
    least: dict[str, int],
) -> None:
    enter_connected(ledger, connection(1), account=STRANGER)
    enter(ledger, SHARE, Status.AVAILABLE, let_in=LET_IN, attachments=(ATTACHMENT,), published=(DNS_NAME,))
    enter_next_attempt(ledger, SHARE)
    gone = Outcome(status=Status.WITHDRAWN, reasons=(), settled=True, attachments=(), taken_back=(DNS_NAME,))
    ledger.change_status(status_change(execution_input(SHARE, 2), gone), gone)
    show = views["status"] if query is None else views["why"]
    show(query or {})
    watch.seconds += 5
    mark = record.mark()

    for _ in range(3600 // 5):
        show(query or {})
        watch.seconds += 5

    made = _reads(operator, mark)
    assert made.keys() == least.keys()
    for operation, calls in made.items():
        assert calls <= least[operation], operation


def test_what_changes_is_shown_soon_and_what_is_under_way_is_looked_at_soon(
    operator: Operator, ledger: LedgerTable, views: dict[str, View], watch: Watch
) -> None:
    # What began long ago and has recorded nothing since is not under way, but stuck.
    history = HistoryTable(
        operator.table("HistoryTableName"),
        now=lambda: datetime.now(UTC),
        keep_for=timedelta(days=400),
        on_lost=pytest.fail,
    )
    ledger = LedgerTable(operator.table("LedgerTableName"), now=lambda: datetime.now(UTC), history=history)

    def statuses() -> list[str]:
        return [each["status"] for each in _json(views["status"]({}))["requests"]]

    enter(ledger, AT_WORK, Status.PENDING)
    for _ in range(5):
        watch.seconds += 5
        assert statuses() == ["PENDING"]
    assert _told_last(views)["text"] == "attempt 1 began"
    reach(ledger, AT_WORK, Status.AVAILABLE, published=(DNS_NAME,))
    assert statuses() == ["PENDING"]

    watch.seconds += 5
    assert statuses() == ["AVAILABLE"]
    # Which only the history tells.
    assert _told_last(views)["details"] == [f"published {DNS_NAME}"]
    watch.seconds += 5
    enter_next_attempt(ledger, AT_WORK)
    assert statuses() == ["PENDING"]
    assert _told_last(views)["text"] == "attempt 2 began"


def _told_last(views: dict[str, View]) -> dict[str, Any]:
    told: dict[str, Any] = _json(views["why"]({"of": AT_WORK.request_id}))["requests"][0]["story"][-1]
    return told


def test_of_names_that_nobody_looks_at_any_longer_nothing_is_kept(
    operator: Operator, ledger: LedgerTable, views: dict[str, View]
) -> None:
    enter_connected(ledger, connection(1), account=STRANGER)
    views["why"]({"of": connection(1).request_id})
    for number in range(31):
        views["why"]({"of": f"vpce-{number}"})
    mark = record.mark()

    views["why"]({"of": connection(1).request_id})
    assert _reads(operator, mark) == {}
    for number in range(31, 63):
        views["why"]({"of": f"vpce-{number}"})
    mark = record.mark()
    views["why"]({"of": connection(1).request_id})
    assert _reads(operator, mark)["dynamodb:GetItem"] == 1


def _reads(operator: Operator, mark: int) -> Counter[str]:
    return Counter(each.operation for each in record.since(mark, account_id=operator.account_id))


def test_who_looks_logs_in_once(at_work: Drawbridge, monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[int] = []
    plain = boto3.Session

    def session(**options: Any) -> boto3.Session:
        made.append(1)
        return plain(**options)

    monkeypatch.setattr("boto3.Session", session)
    views = views_of(Stack(DEFAULT_STACK, region=None, profile=None))

    # As a browser asks, at once.
    with ThreadPoolExecutor() as browsers:
        seen = [*browsers.map(lambda name: views[name]({"of": STRANGER}), views)]

    assert (len(seen), made) == (len(views), [1])


def test_nothing_is_changed_whatever_is_looked_at(
    operator: Operator, ledger: LedgerTable, views: dict[str, View]
) -> None:
    enter_connected(ledger, connection(1), account=STRANGER)
    mark = record.mark()

    for name, view in views.items():
        view({"of": STRANGER} if name == "why" else {})

    made = {each.operation for each in record.since(mark, account_id=operator.account_id)}
    assert len(made) > 8
    assert [name for name in made if not _READS.fullmatch(name)] == []


def test_a_story_of_nothing_is_refused_by_name(views: dict[str, View]) -> None:
    with pytest.raises(DrawbridgeError, match=r"^of: name a request"):
        views["why"]({})


def test_where_no_sweep_is_made_the_command_that_says_why_finds_the_same_stack(
    at_work: Drawbridge, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        Stack,
        "scheduled_sweeps",
        lambda _: ScheduledSweeps(last=None, every=timedelta(minutes=5), since=NOW - timedelta(days=900)),
    )

    shown = _json(views_of(Stack(DEFAULT_STACK, region="us-east-1", profile=None))["status"]({}))

    assert shown["last_sweep"]["is_late"]
    assert shown["sweeps"] == {
        "text": "the schedule has not had one sweep made: drawbridge --region us-east-1 doctor says why",
        "tone": "bad",
    }


def test_why_names_a_command_that_finds_the_same_stack(
    at_work: Drawbridge, operator: Operator, ledger: LedgerTable
) -> None:
    enter(ledger, connection(1), Status.HELD, account=STRANGER, reasons=(Reason("no-policy-permits", "None does."),))

    ended = at_work("--region", "us-east-1", "why", connection(1).request_id, "--json")

    assert ended.json["requests"][0]["status"]["next"].startswith("drawbridge --region us-east-1 ")


def _heed_ctrl_c() -> None:
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def test_the_command_serves_until_ctrl_c_and_ends_without_a_word_of_python(operator: Operator) -> None:
    command = [sys.executable, "-m", "drawbridge_cli.main", "ui"]
    path = os.pathsep.join(str(REPOSITORY / each) for each in ("cli", "layers/drawbridge", "layers/policy", "."))
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": path, **operator.environment}
    with (
        subprocess.Popen(
            command,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=environment,
            # What a shell starts in the background ignores SIGINT, and so does whatever that starts.
            preexec_fn=_heed_ctrl_c,  # noqa: PLW1509 - the child does nothing else before it runs the command
        ) as process,
        ending(process),
    ):
        assert process.stdout is not None
        said, address = process.stdout.readline(), process.stdout.readline().strip()
        found = re.fullmatch(r"http://127\.0\.0\.1:(\d+)(/[A-Za-z0-9_-]{32}/)", address)
        assert found is not None, (said, address)
        port, path = int(found[1]), found[2]
        page, strange, wrong = _get(port, path), _get(port, path, "evil.example"), _get(port, "/")
        status = _get(port, f"{path}status.json")
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=120)

    assert f"account {operator.account_id}, read only" in said
    assert (page[0], strange[0], wrong[0]) == (200, 421, 404)
    assert (status[0], json.loads(status[1])["account_id"]) == (200, operator.account_id)
    assert (process.returncode, out, err) == (0, "ended\n", "")


def test_a_port_that_is_in_use_is_named(at_work: Drawbridge) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        ended = at_work("ui", "--port", str(port))

    assert ended.code == 2
    assert ended.err.startswith(f"--port: {port} can't be used: Address already in use")


def test_without_credentials_nothing_is_served(drawbridge: Drawbridge) -> None:
    ended = drawbridge("--region", "us-east-1", "ui")

    assert (ended.code, ended.out) == (2, "")
    assert "there are no AWS credentials" in ended.err


def test_nobody_but_this_machine_is_served() -> None:
    with UiServer(0, Site("token", {})) as server:
        assert server.server_address[0] == "127.0.0.1"


def test_a_browser_that_hangs_up_is_nothing_to_tell(capsys: pytest.CaptureFixture[str]) -> None:
    with serving({"large": lambda _: Shown(["x" * 1000] * 20_000)}) as address:
        port = int(address.split(":")[2].partition("/")[0])
        for _ in range(3):
            with socket.create_connection(("127.0.0.1", port)) as hasty:
                hasty.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
                hasty.sendall(f"GET /token/large.json HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\n".encode())
                hasty.recv(100)
        assert _get(port, "/token/large.json")[0] == 200

    assert capsys.readouterr().err == ""


@pytest.fixture
def tab(tmp_path: Path) -> Iterator[Tab]:
    with browsing(str(BROWSER), tmp_path) as tab:
        yield tab


@needs_browser
def test_the_page_shows_what_needs_somebody_and_follows_it(tab: Tab) -> None:
    shown = [_status(1, "held"), _status(2, "connected"), _status(3, "over")]
    with serving(_fixed(lambda _: _look(shown))) as address:
        tab.open(address)
        tab.until("document.querySelector('.card')")

        assert tab.run("document.title") == "(1) Drawbridge"
        assert tab.run("document.querySelector('.card code').textContent") == "drawbridge policy explain request-1"
        assert tab.run("document.querySelectorAll('.cards .card').length") == 1
        assert _rows(tab) == ["request-1", "request-2"]
        # Nobody has to wait as long as people do.
        tab.run("VIEWS.requests.every = 0.5")
        shown[0] = _status(1, "connected")
        tab.until("document.title === 'Drawbridge'")
        assert "Nothing needs anybody" in tab.run("document.body.textContent")


@needs_browser
def test_the_page_shows_first_that_no_sweep_is_made_and_otherwise_when_the_last_was(tab: Tab) -> None:
    look = _look([_status(1, "connected")])
    with serving(_fixed(lambda _: look)) as address:
        tab.open(address)
        tab.until("document.querySelector('[data-part=needs] .panel')")
        assert tab.run("document.title") == "Drawbridge"
        assert _needs_panel(tab) == ["Nothing needs anybody", SWEPT["text"]]

        look |= {"last_sweep": {"is_late": True}, "sweeps": {"text": "no sweep; \u202edoctor", "tone": "bad"}}
        tab.run("void look(false)")
        tab.until("document.title !== 'Drawbridge'")
        assert tab.run("document.title") == "(1) Drawbridge"
        assert _needs_panel(tab) == ["1 needs somebody", "no sweep; ⟨U+202E⟩doctor"]

        look |= {"requests": [_status(1, "held")], "unreadable": ["a row"]}
        tab.run("void look(false)")
        tab.until("document.querySelector('.card')")
        heading, first, second, *_ = _needs_panel(tab)
        assert (heading, first, second) == ("3 need somebody", "no sweep; ⟨U+202E⟩doctor", "a row")
        assert tab.run("document.title") == "(3) Drawbridge"


@needs_browser
def test_the_page_shows_quotas_that_are_reached_as_what_needs_somebody_and_after_that_those_that_are_near(
    tab: Tab,
) -> None:
    near = QuotaUsage(
        of="a\u202eb", counted="principals", used=9, called_for=9, limit=10, source="AWS", otherwise="wait"
    )
    reached = msgspec.structs.replace(near, of="all", used=10)
    look = _look([_status(1, "held")])
    look["last_sweep"] = {"is_late": False, "quotas": [quota_document(near), quota_document(reached)]}
    with serving(_fixed(lambda _: look)) as address:
        tab.open(address)
        tab.until("document.querySelector('.card')")

        heading, first, _, second, swept = _needs_panel(tab)
        assert (heading, swept, tab.run("document.title")) == ("2 need somebody", SWEPT["text"], "(2) Drawbridge")
        assert first == f"A quota of AWS is reached: {reached}. Your turn: wait"
        assert second == f"A quota of AWS is near: {str(near).replace(chr(0x202E), '⟨U+202E⟩')}. Your turn: wait"


def _needs_panel(tab: Tab) -> list[str]:
    """Return what is said of what needs somebody, from top to bottom."""
    said: list[str] = tab.run(
        "[...document.querySelector('[data-part=needs] .panel').children].map((each) => each.textContent)"
    )
    return said


@needs_browser
def test_the_filters_stay_while_the_page_looks_again(tab: Tab) -> None:
    looks: list[int] = []

    def look(_: Query) -> Any:
        looks.append(1)
        return _look([_status(number, "connected") for number in range(len(looks))] + [_status(77, "over")])

    with serving(_fixed(look)) as address:
        tab.open(address)
        tab.until("document.querySelector('[name=text]')")
        tab.run("document.querySelector('[name=over]').click()")
        tab.run(
            "const with_ = document.querySelector('[name=text]'); with_.value = 'CHANGED request'; with_.focus();"
            "with_.dispatchEvent(new Event('input'))"
        )
        tab.until("document.body.textContent.includes('No request is like that')")
        tab.run("with_.value = 'request-77'; with_.dispatchEvent(new Event('input'))")
        tab.until("document.querySelectorAll('tbody tr').length === 1")
        tab.run("window.row = document.querySelector('tbody tr'); void look(false)")
        tab.until("!window.row.isConnected")

        assert _rows(tab) == ["request-77"]
        assert tab.run("document.activeElement.value") == "request-77"


@needs_browser
def test_what_has_not_changed_is_neither_sent_nor_drawn_again_and_its_time_is_told(tab: Tab) -> None:
    ages = [3600.0]
    shown = [_status(1, "connected")]
    views = _fixed(lambda _: _look(shown)) | {"status": lambda _: Shown(_look(shown), ages[-1])}
    with serving(views) as address:
        tab.open(address)
        tab.until("document.querySelector('tbody tr')")
        first = _age_told(tab)
        tab.run(
            "const plain = window.fetch; window.answers = [];"
            "window.fetch = async (...asked) => {"
            " const got = await plain(...asked); answers.push(got.status); return got; };"
            "window.row = document.querySelector('tbody tr'); void look(false)"
        )
        ages.append(7200.0)
        tab.until("answers.length === 1 && !now.asking")
        tab.run("void look(false)")
        tab.until("answers.length === 2 && !now.asking")

        assert tab.run("answers") == [304, 304]
        assert tab.run("window.row.isConnected")
        assert 3600 <= first < 3660
        assert 7200 <= _age_told(tab) < 7260
        shown[0] = _status(2, "connected")
        tab.run("void look(false)")
        tab.until("!window.row.isConnected")
        assert (_rows(tab), tab.run("answers")[-1]) == (["request-2"], 200)


def _age_told(tab: Tab) -> int:
    """Return how many seconds ago it was what the page says that it is as of."""
    age: int = tab.run(
        "(() => { const [h, m, s] = document.getElementById('fresh').textContent.match(/[0-9]+/g).map(Number);"
        "const now = Math.floor(Date.now() / 1000) % 86400;"
        "return (now - h * 3600 - m * 60 - s + 86400) % 86400; })()"
    )
    return age


@needs_browser
def test_a_tab_that_nobody_sees_asks_nothing(tab: Tab) -> None:
    looks: list[int] = []

    def look(_: Query) -> Any:
        looks.append(1)
        return _look([_status(1, "held")])

    with serving(_fixed(look)) as address:
        tab.open(address)
        tab.until("document.querySelector('.card')")
        tab.run(
            "window.away = true; VIEWS.requests.every = 0.1;"
            "Object.defineProperty(document, 'hidden', { get: () => window.away });"
            "window.seconds = 0; setInterval(() => { seconds += 1; }, 1000)"
        )
        asked = len(looks)
        tab.until("seconds >= 2")
        assert len(looks) == asked

        tab.run("window.away = false")
        tab.until("seconds >= 4")
        assert len(looks) > asked


@needs_browser
def test_the_page_says_until_when_as_the_terminal_does_and_what_a_story_leaves_out(tab: Tab) -> None:
    coming = {**_status(1, "held"), "until": "2099-01-01T10:00:00Z", "until_what": "tried-again"}
    past = {**_status(2, "held"), "until": "2020-01-01T10:00:00Z", "until_what": "tried-again"}
    left_out = {"at": "2026-11-30T10:00:00Z", "attempt": 1, "what": "left-out", "text": "… 123 items left out"}
    request = {"status": coming, "story": [left_out], "has_earlier": False, "published": [], "attachments": []}
    views = _fixed(lambda _: _look([coming, past])) | {"why": lambda _: Shown({"named": "x", "requests": [request]})}
    with serving(views) as address:
        tab.open(address)
        tab.until("document.querySelectorAll('.card').length === 2")

        cards = tab.run("[...document.querySelectorAll('.card')].map((each) => each.textContent)")
        assert "since 2026-11-30 10:00 UTC; tried again from 2099-01-01 10:00 UTC on" in cards[0]
        assert "tried again by the next sweep" in cards[1]
        assert "2020" not in cards[1]
        assert "Your turn: plain" in cards[0]
        tab.run("location.hash = '#/why/x'")
        tab.until("document.querySelector('.story li')")
        assert tab.run("document.querySelector('.story li').textContent") == "… 123 items left out"


@needs_browser
@pytest.mark.parametrize("place", ["", "#/why/request-1", "#/names", "#/endpoints", "#/bindings"])
def test_hostile_text_is_text_and_nothing_is_wider_than_the_window(tab: Tab, place: str) -> None:
    """Trap 29."""
    with serving(_fixed(lambda _: _look([_status(1, "held", HOSTILE + "x" * 400)]))) as address:
        tab.resize(400)
        tab.open(address + place)
        tab.until("document.getElementById('main').textContent.includes('<script>')")

        for width in (400, 700, 1600):
            tab.resize(width)
            assert tab.run("document.documentElement.scrollWidth") <= width
        assert tab.run("document.querySelectorAll('img').length") == 0
        assert tab.run("document.querySelectorAll('script').length") == 1
        assert tab.run("document.title").endswith("Drawbridge")
        shown = tab.run("document.body.textContent")
        assert "\u202e" not in shown
        assert "⟨U+202E⟩gnp.exe" in shown
        assert tab.run("[...document.links].filter((each) => each.protocol === 'javascript:').length") == 0


@needs_browser
def test_text_from_others_is_shown_on_the_page_as_in_the_terminal(tab: Tab) -> None:
    ranges = (
        range(0x3000),
        range(0xD7F0, 0xD810),
        range(0xF900, 0x10000),
        range(0x1D100, 0x1D200),
        range(0xE0000, 0xE0200),
    )
    # What is not assigned here may be in the browser's Unicode.
    known = [chr(each) for points in ranges for each in points if unicodedata.category(chr(each)) != "Cn"]
    texts = [text for text, _ in LEGIBLE] + ["".join(f"a{each}" for each in known), "".join(known)]
    with serving(_fixed(lambda _: _look([_status(1, "held", "⟨U+202E⟩  x ")]))) as address:
        tab.open(address)
        tab.until("document.querySelector('.card')")

        shown = tab.run(f"{json.dumps(texts)}.map(legible)")
        card = tab.run("document.querySelector('.card .soft').textContent")

    assert shown == [*(shown for _, shown in LEGIBLE), *(legible(text, 10**6) for text in texts[-2:])]
    as_shown = "⟨U+27E8⟩U+202E⟩⟨2 spaces⟩x⟨space⟩"
    assert card == f"resource-share of account {as_shown}: {as_shown}"


@needs_browser
def test_what_aws_denies_is_said_on_the_page_and_nobody_takes_the_old_for_new(tab: Tab) -> None:
    errors: list[DrawbridgeError] = []

    def look(_: Query) -> Any:
        if errors:
            raise errors[0]
        return _look([_status(1, "held")])

    with serving(_fixed(look)) as address:
        tab.open(address)
        tab.until("document.querySelector('.card')")
        errors.append(AccessDeniedError("read the ledger: AccessDeniedException: <b>no"))
        tab.run("void look(false)")
        tab.until("!document.getElementById('error').hidden")

        assert tab.run("document.getElementById('error').textContent") == (
            "AWS: read the ledger: AccessDeniedException: <b>no"
        )
        assert tab.run("document.getElementById('main').className") == "stale"
        errors.clear()
        tab.run("void look(false)")
        tab.until("document.getElementById('error').hidden")
        assert tab.run("document.getElementById('main').className") == ""


@needs_browser
def test_everything_that_can_be_done_has_a_name_and_the_keyboard_reaches_it(tab: Tab) -> None:
    with serving(_fixed(lambda _: _look([_status(1, "held")]))) as address:
        tab.open(address)
        tab.until("document.querySelector('.card')")

        nameless = """[...document.querySelectorAll('button, select, input, a, section')].filter((each) =>
            !(each.textContent.trim() || each.labels?.length || each.getAttribute('aria-label'))).length"""
        assert tab.run(nameless) == 0
        assert tab.run("document.querySelectorAll('[tabindex]:not(main), div[onclick]').length") == 0
        assert tab.run("document.querySelector('[aria-current=page]').textContent") == "Requests"
        tab.run("location.hash = '#/names'")
        tab.until("document.querySelector('[aria-current=page]')?.textContent === 'Names'")
        assert tab.run("document.activeElement.id") == "main"


def _fixed(look: Callable[[Query], Any]) -> dict[str, View]:
    return {"words": lambda _: Shown(words_document())} | {name: _shown(show) for name, show in _made_up(look).items()}


def _shown(show: Callable[[Query], Any]) -> View:
    return lambda query: Shown(show(query))


def _made_up(look: Callable[[Query], Any]) -> dict[str, Callable[[Query], Any]]:
    """Return views of made-up data, with what strangers may have written in every text."""
    reason = {"code": "policy", "text": HOSTILE, "source": ""}
    link = {"of": "link", "address": "javascript:alert(1)"}
    story = [
        {"at": "2026-11-30T10:00:00.000Z", "attempt": 1, "what": "attempt", "text": HOSTILE, "links": [link]},
        {"at": HOSTILE, "attempt": 1, "what": "status", "text": HOSTILE, "reasons": [reason], "details": [HOSTILE]},
    ]
    request = {
        "status": _status(1, "held", HOSTILE),
        "story": story,
        "has_earlier": True,
        "published": [HOSTILE],
        "attachments": [{"name": HOSTILE, "resource_arn": HOSTILE, "ids": [HOSTILE]}],
    }
    document = json.dumps({"mode": HOSTILE, "portRanges": [HOSTILE], "provider": HOSTILE, "consumer": HOSTILE})
    name = {"path": HOSTILE, "dns_name": HOSTILE, "document": document}
    binding = {"name": HOSTILE, "version": 1, "mode": HOSTILE, "where": HOSTILE, "notes": [HOSTILE], "broken": HOSTILE}
    counts = dict.fromkeys(("matches", "wanted", "refused", "published"), 1)
    made = {"id": HOSTILE, "kind": "endpoint", "attachment": HOSTILE, "resource_arn": HOSTILE, "account_id": HOSTILE}
    return {
        "status": look,
        "why": lambda _: {"named": HOSTILE, "requests": [request]},
        "names": lambda _: {"connections": [name, {**name, "document": "no JSON"}], "consumers": [name]},
        "endpoints": lambda _: {
            "endpoints": [{**made, "request_id": HOSTILE, "status": "HELD", "state": "Available"}],
            "states_unknown": HOSTILE,
            "unreadable": [HOSTILE],
        },
        "bindings": lambda _: {
            "bindings": [binding | counts],
            "published": {HOSTILE: {HOSTILE: HOSTILE}},
            "orphans": {HOSTILE: HOSTILE},
            "removals": [{"id": HOSTILE}],
            "unconfirmed": [],
        },
        "stack": lambda _: {"stack": HOSTILE, "region": HOSTILE, "account_id": HOSTILE},
    }


def _look(requests: list[dict[str, Any]]) -> dict[str, Any]:
    return {"requests": requests, "rest": {}, "unreadable": [], "last_sweep": {"is_late": False}, "sweeps": SWEPT}


def _status(number: int, urgency: str, text: str = "plain") -> dict[str, Any]:
    needs = urgency == "held"
    return {
        "request_id": f"request-{number}",
        "kind": "resource-share",
        "subject": text,
        "account_id": text,
        "status": {"held": "HELD", "connected": "AVAILABLE", "over": "WITHDRAWN"}[urgency],
        "urgency": urgency,
        "since": "2026-11-30T10:00:00Z",
        "until": None,
        "until_what": "",
        "reasons": [{"code": text, "text": text, "source": text}],
        "waiting_for": "operator" if needs else "nobody",
        "to_do": text if needs else "",
        "next": f"drawbridge policy explain request-{number}" if needs else "",
        "service": text,
        "bindings": [text],
    }


def _rows(tab: Tab) -> list[str]:
    rows: list[str] = tab.run("[...document.querySelectorAll('tbody a')].map((each) => each.textContent)")
    return rows


def _get(port: int, path: str, host: str = "") -> tuple[int, bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    try:
        connection.request("GET", path, headers={"Host": host} if host else {})
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


def _json(shown: Shown) -> Any:
    return json.loads(msgspec.json.encode(shown.document))
