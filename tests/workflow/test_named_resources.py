"""What the command line calls by name is in the template, by that name and as what it is taken for."""

from __future__ import annotations

from drawbridge_cli.dead_letters import DeadLetterSource
from tests.workflow.definition import RESOURCES, TEMPLATE, of_type


def test_the_dead_letter_queues_are_all_queues_but_those_that_functions_read() -> None:
    queues = {name for name, each in RESOURCES.items() if each["Type"] == "AWS::SQS::Queue"}

    read = {"DecisionsQueue", "DetailsQueue", "HintsQueue", "NamesQueue", "RegistrationsQueue", "TurnsQueue"}
    assert queues == {*DeadLetterSource, *read}


def test_what_the_doctor_takes_for_the_schedule_of_the_sweeps_is_it() -> None:
    schedules = of_type("AWS::Scheduler::Schedule")

    assert {*schedules} == {"Look", "OrphansSchedule"}
    assert '"detail-type": "Sweep"' in schedules["Look"]["Target"]["Input"]
    assert schedules["Look"]["ScheduleExpression"] == {"Ref": "LookEvery"}


def test_the_topic_of_the_connections_leads_to_the_function_that_relays() -> None:
    events = RESOURCES["RelayNotificationFunction"]["Properties"]["Events"].values()

    assert [each["Properties"]["Topic"] for each in events] == [{"Ref": "ConnectionNotifications"}]


def test_the_parameters_that_the_doctor_reads_are_the_template_s() -> None:
    read = {"LookEvery", "OrganizationsRoleName", "OrganizationsAccountId", "SlackChannel", "ManagedServices"}

    assert read <= TEMPLATE["Parameters"].keys()
