"""Agents that register: what one token, one machine and one name keep from another, and how many devices there are."""

from contextlib import closing
from dataclasses import replace

import pytest
from sqlalchemy import func, select

from latency_db.devices.device import Device
from latency_db.errors import AgentError
from latency_db.records.record import Kind
from latency_db.records.signatures import network_signature
from latency_db.remote.agents import Agents, Hello
from latency_db.remote.offers import MAX_DEVICES
from latency_db.remote.requests import Requests
from latency_db.storing import tables
from latency_db.storing.known_devices import find_device
from nas.errors import NotMeasuredError, UnknownNameError
from nas.jobs.ledger import Ledger
from nas.ops.notation import read_network

ONE, OTHER = "1" * 32, "2" * 32
RUN = "a" * 32
NETWORK = network_signature(read_network("3x8x8: conv_8_k3 gap linear_4"))


@pytest.fixture
def agents(store):
    return Agents(store)


def offered(machine, runtime="onnxruntime_cpu", version="1", threads=1, precision="fp32", **facts):
    fingerprint = {"machine": machine, "runtime": runtime, "runtime_version": version, **facts}
    return Device("any", runtime, precision, threads, fingerprint)


def hello(machine, name, *devices, facts=None):
    return Hello(machine, RUN, name, facts or {}, devices or [offered(machine)])


def test_another_token_takes_no_machine_over_until_its_own_is_revoked(agents):
    """The id of a machine is no secret: a token that was never used must not be enough to become its agent."""
    active = {"key_one", "key_other"}
    made = agents.add("pi", "key_one")
    agents.add("desk", "key_other")
    agents.register(hello(ONE, None), "key_one", active.__contains__)

    for key in ("key_other", "key_of_none"):
        with pytest.raises(AgentError, match=r"registered with the token of 'pi'.*`nas key revoke key_one`"):
            agents.register(hello(ONE, "mine"), key, active.__contains__)
    assert agents.of_key(made.id, "key_one")
    assert [agent.name for agent in agents.all()] == ["desk", "pi"]

    active.remove("key_one")
    moved, names = agents.register(hello(ONE, None), "key_other", active.__contains__)
    assert (moved.id, moved.name, names) == (made.id, "desk", ["desk-cpu-1t"])
    assert not agents.of_key(made.id, "key_one")


def test_no_agent_gets_the_device_name_of_another(agents, store):
    """Not by a runtime that is called like the other's precision."""
    agents.register(hello(ONE, "pi", offered(ONE, precision="int8")), "key_one")
    crafted = offered(OTHER, runtime="int8")

    with pytest.raises(AgentError, match="another machine has a device 'pi-onnxruntime_cpu-int8-1t'"):
        agents.register(hello(OTHER, "pi-onnxruntime_cpu", crafted), "key_other")

    assert find_device(store, "pi-onnxruntime_cpu-int8-1t").machine["machine"] == ONE


def test_no_agent_gets_the_machine_of_another_by_facts_of_the_same_digest(agents, monkeypatch):
    monkeypatch.setattr(Device, "machine_id", "12345678")
    agents.register(hello(ONE, "pi"), "key_one")

    with pytest.raises(AgentError, match="another machine has the id"):
        agents.register(hello(OTHER, "desk"), "key_other")


def test_a_name_is_free_again_once_its_machine_has_another(agents, store):
    agents.register(hello(ONE, "pi", offered(ONE, version="1")), "key_one")
    agents.register(hello(ONE, "desk", offered(ONE, version="2")), "key_one")

    _, names = agents.register(hello(OTHER, "pi"), "key_other")

    assert names == ["pi-cpu-1t"]
    assert find_device(store, "pi-cpu-1t").machine["machine"] == OTHER
    assert find_device(store, "desk-cpu-1t").runtime_version == "2"


def count(store, table=tables.target):
    with store.reading() as connection:
        return connection.scalar(select(func.count()).select_from(table))


def test_the_devices_of_an_agent_are_limited_however_often_it_registers(agents, store):
    def many(first, number, **more):
        return [offered(ONE, threads=threads, **more) for threads in range(first, first + number)]

    agents.register(hello(ONE, "pi", *many(1, 40)), "key_one")
    with pytest.raises(AgentError, match=f"this agent has {MAX_DEVICES + 1}, and {MAX_DEVICES} at most"):
        agents.register(hello(ONE, "pi", *many(41, 25)), "key_one")
    agents.register(hello(ONE, "pi", *many(41, 24)), "key_one")

    assert count(store) == MAX_DEVICES


def test_new_versions_replace_devices_but_what_was_asked_or_measured_stays(agents, store, elsewhere, monkeypatch):
    """Also with facts that change. An agent that is upgraded for years does not reach the limit."""
    monkeypatch.setattr("latency_db.remote.offers.MAX_DEVICES", 8)
    asked, measured = offered(ONE, version="0"), offered(ONE, version="1")
    agents.register(hello(ONE, "pi", asked), "key_one")
    Requests(store).ask(find_device(store, "pi-cpu-1t"), [NETWORK], "quick", models={}, priority=0)
    agents.register(hello(ONE, "pi", measured), "key_one")
    record = elsewhere.record("a", 0.1)
    store.add([replace(record, session=replace(record.session, device=find_device(store, "pi-cpu-1t")))])

    for version in range(2, 20):
        agents.register(hello(ONE, "pi", offered(ONE, version=str(version), memory=str(version))), "key_one")

    assert max(count(store, table) for table in (tables.target, tables.device)) <= 8
    assert store.latest(replace(measured, name="pi-cpu-1t"), Kind.KERNEL)
    assert find_device(store, "pi-cpu-1t").runtime_version == "19"


@pytest.mark.parametrize("runtimes", ["onnxruntime", ["1"], 3, {"onnxruntime_cpu": None}])
def test_facts_of_any_form_do_not_disturb_requests(agents, store, runtimes):
    agents.register(hello(ONE, "pi", facts={"runtimes": runtimes}), "key_one")

    asked = Requests(store).ask(find_device(store, "pi-cpu-1t"), [NETWORK], "quick", models={}, priority=0)

    assert asked == 1


def test_a_renewed_token_is_the_only_one_and_a_removed_agent_leaves_its_measurements(agents, store, tmp_path):
    ledger = Ledger(f"sqlite:///{tmp_path / 'nas.db'}")
    with closing(ledger):
        ledger.migrate()
        made, first = agents.add_with_token("pi", ledger.keys)
        agents.register(hello(ONE, None), made.key_id, ledger.keys.is_active)
        device = find_device(store, "pi-cpu-1t")
        Requests(store).ask(device, [NETWORK], "quick", models={}, priority=0)

        renewed, second = agents.renew("pi", ledger.keys)

        assert ledger.keys.find(first) is None
        assert ledger.keys.find(second).id == renewed.key_id
        assert agents.register(hello(ONE, None), renewed.key_id, ledger.keys.is_active)[0].id == made.id
        agents.remove(made.id, ledger.keys)
        assert ledger.keys.find(second) is None
        assert agents.all() == []
        assert find_device(store, "pi-cpu-1t") == device
        with pytest.raises(NotMeasuredError, match="no agent has registered"):
            Requests(store).status(device)
        with pytest.raises(UnknownNameError, match=r"no device named .pi. \(`nas device add NAME` adds a machine\)"):
            agents.renew("pi", ledger.keys)
