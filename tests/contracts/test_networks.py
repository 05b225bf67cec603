"""What every reference network promises; a new network file is tested by existing."""

import pytest

from nas.errors import SpecError
from nas.network import network
from nas.ops import Dropout
from nas.ops.cost import cost_of, network_cost
from nas.ops.kernels import kernels
from nas.ops.notation import parse, read_network, write_network
from nas.testing.blocks import check_diagram, check_readings

SMALL = {"resolution": 64, "channels": 1, "classes": 7, "width": 0.35, "hidden": 100}


@pytest.mark.parametrize("name", list(network))
def test_readings_of_a_small_network_agree(name):
    """Notation, cost, diagram, torch and ONNX Runtime agree on the network made narrow and small."""
    fitting = {key: value for key, value in SMALL.items() if key in network.parameters(name).model_fields}
    net = network.make({"name": name, **fitting}).expand()

    check_readings(net)

    assert cost_of(net.op, net.input)[0] == (7, 1, 1)


@pytest.mark.parametrize("name", list(network))
def test_the_paper_size_is_read_and_drawn(name):
    """At its defaults the notation round-trips, the diagram is whole, and the kernels add up to the network."""
    net = network.make(name).expand()

    assert read_network(write_network(net)) == net
    check_diagram(net)
    found = list(kernels(net))
    cost = network_cost(net)
    assert len(found) == sum(not isinstance(op, Dropout) for op in net.op.ops)
    assert sum(cost_of(kernel.op, kernel.x)[1].macs for kernel in found) == cost.macs
    for kernel in found:
        assert parse(kernel.key.split(" ", 1)[1]) is not None


@pytest.mark.parametrize("name", list(network))
def test_every_network_takes_the_common_parameters(name):
    """resolution, channels and classes have defaults, descriptions and a lower bound; the class says what it is."""
    properties = network.parameters(name).model_json_schema()["properties"]

    assert {"resolution", "channels", "classes"} <= set(properties)
    assert all("default" in schema and "description" in schema for schema in properties.values())
    assert not (network[name].__doc__ or f"{network[name].__name__}(").startswith(f"{network[name].__name__}(")
    for parameter in ("resolution", "channels", "classes"):
        with pytest.raises(SpecError, match=f"network.{parameter}"):
            network.make({"name": name, parameter: 0})
