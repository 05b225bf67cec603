"""Networks partly in 8-bit integers and partly in 32-bit floats: the latencies of their members on a device."""

from collections.abc import Sequence
from dataclasses import replace

from latency_db.devices.device import Device
from latency_db.devices.local import LocalName, is_local
from latency_db.devices.quantization import model_ranges
from latency_db.devices.runtime import FP32
from latency_db.measuring.measure import QUICK
from latency_db.profiling.measurer import Measurer
from latency_db.records.signatures import network_model, onnx_signature
from latency_db.storing.known_devices import find_device, targets_by_name
from latency_db.storing.store import Store
from nas.compression.device_latencies import MemberLatencies
from nas.errors import NotMeasuredError
from nas.ops import Conv, Dropout, Identity, Network, Shape, seq
from nas.ops.cost import placed
from nas.ops.kernels import Kernel
from nas.ops.onnx_graph import tensors_by_member
from nas.quantization.qdq import is_quantised, quantised
from nas.quantization.recipes import PRECISIONS, StaticQuantization


class MixedTarget:
    """A device that computes in integers, and the same one in floats; what is missing of either is measured if it can
    be.

    name: of the device in integers; measurer: its own.
    """

    def __init__(self, store: Store, name: str) -> None:
        """UnknownNameError if there is no such device; NotMeasuredError if it does not compute in integers, or is not
        known in floats.
        """
        device = find_device(store, name)
        if device.precision not in PRECISIONS:
            local = LocalName.read(name)
            example = f" as {local._replace(precision=PRECISIONS[0])}" if local else ""
            raise NotMeasuredError(f"device {name!r} computes in {device.precision}: name one in integers{example}")
        self.name, self._recipe = name, device.precision
        self.measurer, self._floats = Measurer(store, device), Measurer(store, _in_floats(store, device))
        self._borders: dict[Shape, float] = {}

    def check_can_measure(self) -> None:
        """NotMeasuredError, with the remedy, if nothing can be measured in integers or in floats."""
        for measurer in (self.measurer, self._floats):
            measurer.check_can_measure()

    def members(self, network: Network) -> MemberLatencies:
        """The latencies of a network's members: those of the kernels, in proportion to the network in floats and in
        integers measured as a whole, and the changes between both, measured at each shape.

        Where nothing can be measured from here they are estimates, and changes count nothing. NotMeasuredError, with
        the remedy, if there are too few records for that.
        """
        fixed_ms, floats_ms = _by_member(self._floats, network)
        _, integers_ms = _by_member(self.measurer, network, fixed_ms)
        shapes = [x for _, x in placed(network.op.ops, network.input)][1:]
        can_measure = self._floats.can_measure and self.measurer.can_measure
        borders_ms = self._borders_ms(shapes) if can_measure else [0.0] * len(shapes)
        return MemberLatencies(self._recipe, fixed_ms, floats_ms, integers_ms, borders_ms)

    def latency_ms(self, file: bytes) -> float | None:
        """Of an ONNX file, measured end to end; None if the device cannot be measured from here."""
        measurer = self.measurer if is_quantised(file) else self._floats
        if not measurer.can_measure and onnx_signature(file).key not in measurer.estimator.predictor.network_records:
            return None
        return measurer.estimate_file(file).ms

    def _borders_ms(self, shapes: Sequence[Shape]) -> list[float]:
        """What a change between floats and integers adds at each shape, the mean of both directions.

        Of two convolutions, each in floats or in integers, the two mixed pairs take longer than the others by the two
        changes. All shapes are measured side by side.
        """
        missing = [x for x in dict.fromkeys(shapes) if x not in self._borders]
        if missing:
            floats: dict[str, bytes] = {}
            files: dict[str, bytes] = {}
            for x in missing:
                floats[str(x)], quantised_pairs = self._pairs(x)
                files |= {f"{x} {name}": file for name, file in quantised_pairs.items()}
            alike, mixed = self._floats.measure_networks(floats, QUICK), self.measurer.measure_networks(files, QUICK)
            for x in missing:
                first, second, integers = (mixed[f"{x} {name}"].latency_ms for name in ("first", "second", "integers"))
                self._borders[x] = max(0.0, (first + second - integers - alike[str(x)].latency_ms) / 2)
        return [self._borders[x] for x in shapes]

    def _pairs(self, x: Shape) -> tuple[bytes, dict[str, bytes]]:
        """Two convolutions at a shape: both in floats; by name, both, the first one and the second one in integers."""
        network = Network(seq(Conv(x.channels), Conv(x.channels, groups=x.channels)), x._replace(channels=1))
        model = network_model(network)
        first, second = tensors_by_member(network)
        how = StaticQuantization(self._recipe, model_ranges(model))
        floats = {"integers": frozenset[str](), "first": frozenset(second), "second": frozenset(first)}
        return model, {name: quantised(model, replace(how, floats=names)) for name, names in floats.items()}


def _in_floats(store: Store, device: Device) -> Device:
    """The same machine with the same runtime in 32-bit floats."""
    if is_local(device):
        return find_device(store, str(LocalName(device.runtime, FP32, device.threads)))
    wanted = (device.machine_id, device.runtime, device.threads, device.batch, FP32)
    for name, summaries in targets_by_name(store.devices()).items():
        found = summaries[-1].device
        if (found.machine_id, found.runtime, found.threads, found.batch, found.precision) == wanted:
            return find_device(store, name)
    raise NotMeasuredError(
        f"device {device.name!r}: its machine has no records of {device.runtime} in {FP32} with {device.threads} "
        "threads, which layers that stay in floats need: measure them there with `nas device measure`"
    )


def _by_member(measurer: Measurer, network: Network, fixed_ms: float | None = None) -> tuple[float, list[float]]:
    """The fixed cost of a run, and what each member of the network adds to it [members]; both add up to the network."""
    estimator, members = measurer.estimator, _kernels(network)
    if measurer.can_measure:
        measurer.ensure([network])
        if not estimator.is_measured(network):
            measurer.measure_networks({"network": network})
    estimator.index([network])
    whole_ms, latencies = estimator.estimate(network).ms, estimator.predictor.latencies(filter(None, members))
    fixed_ms = estimator.predictor.fixed_ms if fixed_ms is None else fixed_ms
    own = [latencies[kernel] if kernel else None for kernel in members]
    added_ms = [each.measured_ms + each.interpolated_ms if each else 0.0 for each in own]
    scale = max(0.0, whole_ms - fixed_ms) / (sum(added_ms) or 1.0)
    return fixed_ms, [scale * ms for ms in added_ms]


def _kernels(network: Network) -> Sequence[Kernel | None]:
    """The kernel of each member, None for one that a device does not run."""
    members = placed(network.op.ops, network.input)
    return [None if isinstance(op, Dropout | Identity) else Kernel(op, x) for op, x in members]
