"""A search for several devices: whose latency the plot shows, a column for each, and the form that makes one."""

import re

from filling import FACTS, Filling
from pages import Dashboard
from playwright.sync_api import expect
from serving import Served

PHONE = "latency_ms@phone"
DEVICES = [
    {**FACTS["device"], "metric": "latency_ms", "target_latency_ms": 0.15},
    {**FACTS["device"], "name": "phone", "metric": PHONE, "target_latency_ms": 4.0},
]


def test_each_device_has_its_front_its_column_and_its_target(dashboard: Dashboard, service: Served) -> None:
    filling = Filling(service.ledger, "two devices").begin(more={"devices": DEVICES})
    for latency in (6.0, 3.0, 5.0):
        filling.more = {PHONE: latency}
        filling.trial()
    dashboard.open_search(filling.id)
    table, plot = dashboard.there("trials"), dashboard.there("pareto")

    expect(table.get_by_role("button", name="latency on phone")).to_be_visible()
    expect(dashboard.trial(1)).to_contain_text("3.00\u00a0ms")
    expect(dashboard.there("figures")).to_contain_text("At a latency on phone of")
    expect(dashboard.there("figures")).to_contain_text("target of 4.00\u00a0ms")
    plot.get_by_test_id("pareto-device").select_option(PHONE)
    filling.more = {PHONE: 0.5}
    filling.trial()
    expect(dashboard.trial(3)).to_contain_text("0.500\u00a0ms")
    dashboard.there("show").select_option("front")
    expect(table.get_by_test_id("trial-row").first).to_be_visible()
    expect(dashboard.trial(3)).to_be_visible()


def test_the_form_adds_devices_with_a_target_each(dashboard: Dashboard) -> None:
    dashboard.open("/new")
    draft = dashboard.page.get_by_label("The search as JSON")
    dashboard.there("field-objective.target_latency_ms").fill("0.2")

    dashboard.there("add-device").click()
    expect(draft).to_have_value(re.compile(r'"devices": \[\s*"local-cpu-1t",\s*"local-'))
    expect(draft).to_have_value(re.compile(r'"target_latency_ms": {\s*"local-cpu-1t": 0.2\s*}'))
    dashboard.there("field-objective.target_latency_ms.local-cpu-2t").fill("0.1")
    expect(draft).to_have_value(re.compile(r'"local-cpu-2t": 0.1'))

    dashboard.page.get_by_role("button", name="Leave out").first.click()
    expect(draft).to_have_value(re.compile(r'"device": "local-cpu-2t"'))
    expect(draft).to_have_value(re.compile(r'"target_latency_ms": 0.1'))
