"""A run's record with everything in it that a report shows, made from real networks."""

from typing import Any

from nas.ops.cost import network_cost
from nas.ops.diagram import diagram
from nas.ops.notation import read_network

BOTTLENECK = "res([conv_24 conv_24_k3_g24 se_4 conv_8_linear])"
SHUFFLE_UNIT = "cat([conv_12_g3 shuffle_3 conv_12_k3_s2_g12_linear conv_12_g3_linear]|pool_3_avg)_relu"
BASIC_UNIT = "res([conv_24_k3_s2 conv_24_k3_linear]|[pool_3_avg conv_24_linear])_relu"
NETWORKS = (
    "1x28x28: conv_8_k3_s2 conv_16_k3_s2 [gap linear_3]",
    f"1x28x28: conv_8_k3_s2 {BOTTLENECK} {BOTTLENECK} [conv_4 cat(conv_8|conv_8_k3)] [gap drop_0.2 linear_3]",
    f"1x28x28: conv_12_k3_s2 {SHUFFLE_UNIT} {BASIC_UNIT} [gap linear_3]",
)
LATENCIES = (0.04, 0.08, 0.2)
HOSTILE = "<script>alert('no & \"no\"')</script>"


def record() -> dict[str, Any]:
    """Five trials: three succeeded, one failed, one running; two of them finalists; three references."""
    return {
        "spec": {"dataset": "digits", "objective": {"name": "constrained", "target_latency_ms": 0.1}, "seed": 0},
        "finished": True,
        "created": "2026-11-23T20:00:00Z",
        "seconds": 312.4,
        "versions": {"nas": "0.1.0", "torch": "2.13.0", "onnxruntime": "1.23.2", "python": "3.11.14"},
        "dataset": {
            "name": "digits",
            "classes": ["zero", "one", HOSTILE],
            "train": 9000,
            "validation": 1000,
            "test": 5000,
            "side": 28,
            "channels": 1,
            "digest": "9f2c41a07be3d551",
        },
        "space": {"name": "small", "size": 432**7},
        "device": {
            "name": "local-cpu-1t",
            "runtime": "onnxruntime",
            "runtime_version": "1.23.2",
            "precision": "fp32",
            "threads": 1,
            "cpu": "some processor",
            "statistic": "thread-CPU p10, best of rounds",
        },
        "objective": {
            "name": "constrained",
            "target_latency_ms": 0.1,
            "steers": True,
            "note": None,
            "formula": "best accuracy with latency <= T",
        },
        "trials": [
            *map(_trial, range(3)),
            {**_trial(0), "number": 3, "state": "failed", "metrics": {}, "reward": None, "reason": HOSTILE},
            {**_trial(0), "number": 4, "state": "running", "metrics": {}, "reward": None},
        ],
        "refused": 12,
        "front": [0, 1, 2],
        "references": [
            {"label": "MobileNetV2 1.0", "metrics": {"test_accuracy": 0.93, "latency_ms": 0.4}},
            {"label": "SqueezeNet 1.1", "metrics": {"latency_ms": 0.3}},
            {"label": "MnasNet-A1", "metrics": {"test_accuracy": 0.905, "latency_ms": 0.31}},
        ],
        "finalists": [_finalist(1, 0.085), _finalist(2, 0.19)],
    }


def early() -> dict[str, Any]:
    """The record of a run in which nothing has finished."""
    nothing: dict[str, Any] = {"trials": [], "front": [], "references": [], "finalists": [], "refused": 0}
    return {**record(), **nothing, "finished": False, "seconds": None}


def _trial(number: int) -> dict[str, Any]:
    cost = network_cost(read_network(NETWORKS[number]))
    accuracy, latency = 0.8 + 0.05 * number, LATENCIES[number]
    metrics = {"accuracy": accuracy, "latency_ms": latency, "latency_error_ms": 0.003, "params": cost.params}
    return {
        "number": number,
        "id": f"{number:016x}",
        "state": "succeeded",
        "reward": accuracy,
        "reason": None,
        "notation": NETWORKS[number],
        "architecture": {},
        "metrics": {**metrics, "macs": cost.macs},
    }


def _finalist(trial: int, latency: float) -> dict[str, Any]:
    accuracy = 0.86 + 0.05 * trial
    metrics = {
        "test_accuracy": accuracy,
        "validation_accuracy": accuracy + 0.005,
        "latency_ms": latency,
        "latency_p90_ms": 1.1 * latency,
        "estimated_latency_ms": LATENCIES[trial],
        "max_abs_difference": 2.4e-6,
        "params": 4000,
        "macs": 300000,
        "size_bytes": 18000,
    }
    return {
        "trial": trial,
        "id": f"{trial:016x}",
        "file": f"model-{trial:016x}.onnx",
        "notation": NETWORKS[trial],
        "diagram": diagram(read_network(NETWORKS[trial])),
        "metrics": metrics,
    }
