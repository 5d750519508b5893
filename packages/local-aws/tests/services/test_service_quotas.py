"""Service Quotas on the local AWS: what each service allows, as it was lowered, and by default."""

from __future__ import annotations

from local_aws.services.quotas import lowered
from local_aws_tests.accounts import person, refusal

PRINCIPALS_PER_SHARE = "L-275DAC00"


def test_an_accounts_own_value_is_the_one_that_holds_and_the_default_stays() -> None:
    quotas = person().client("service-quotas")
    asked = {"ServiceCode": "ram", "QuotaCode": PRINCIPALS_PER_SHARE}

    with lowered(principals_per_share=7):
        own = quotas.get_service_quota(**asked)["Quota"]
        default = quotas.get_aws_default_service_quota(**asked)["Quota"]

    assert (own["Value"], default["Value"], own["Adjustable"]) == (7, 5000, True)
    assert own["QuotaName"] == "Number of principal associations per resource share"


def test_all_quotas_of_a_service_are_listed_in_pages() -> None:
    pages = [
        *person()
        .client("service-quotas")
        .get_paginator("list_service_quotas")
        .paginate(ServiceCode="ram", PaginationConfig={"PageSize": 4})
    ]
    found = {each["QuotaCode"]: each["Value"] for page in pages for each in page["Quotas"]}

    assert [len(page["Quotas"]) for page in pages] == [4, 2]
    assert (found[PRINCIPALS_PER_SHARE], found["L-238C96EE"]) == (5000, 250)


def test_what_aws_publishes_no_quota_of_is_not_there() -> None:
    quotas = person().client("service-quotas")

    unknown = refusal(lambda: quotas.get_service_quota(ServiceCode="vpc", QuotaCode="L-00000000"))
    nowhere = refusal(lambda: quotas.list_service_quotas(ServiceCode="nothing"))

    assert (unknown, nowhere) == ("NoSuchResourceException",) * 2
