"""SqueezeNet 1.0, pruned, quantized and coded to under 0.5 MB (arXiv:1602.07360), on satellite images.

ImageNet is not among the data sets, so the network is trained on EuroSAT, in the size of its images.
"""

from collections.abc import Mapping
from typing import Any

from nas.compressing.from_training import Dense, compressed_from_training
from nas.dataset import load
from nas.network import network
from nas.ops.cost import network_cost
from nas.paper import Finding, Paper, Reproduction, Setting, paper
from nas.training import Recipe
from nas.trial import Metrics

NETWORK = "squeezenet_1_0"
PARAMS = 1_248_424
GOAL = 12.5
"""Times smaller: 0.40 MB of the 5 MB that the weights of 1000 classes take."""
LOSS = 0.3
"""Of accuracy, in points."""

DENSE = Recipe(
    epochs=20,
    optimizer="adamw",
    schedule="cosine",
    learning_rate=1e-3,
    weight_decay=0.02,
    clip_norm=1.0,
    ema_decay=0.999,
    flip=True,
    shift=0.1,
    precision="bf16",
)
"""It has no batch norm, with which plain gradient descent diverges at rates that learn it in so few epochs."""

FINE_TUNING = {
    "optimizer": "adamw",
    "weight_decay": 0.02,
    "clip_norm": 1.0,
    "flip": True,
    "shift": 0.1,
    "precision": "bf16",
}
STAGES = (
    {"name": "rate", "density": 0.33, "epochs": 12, "learning_rate": 5e-4, **FINE_TUNING},
    {"name": "trained_quantization", "bits": 4, "epochs": 5, "learning_rate": 1e-4, "codes": "moving", **FINE_TUNING},
    {"name": "entropy_coding"},
)
"""The density is the paper's (table 2); its 6 bits are 4 here."""


@paper("squeezenet-eurosat")
class SqueezeNetOnEuroSat(Paper):
    """Test accuracies before and after, and the file's size, every byte counted."""

    source = "arXiv:1602.07360, table 2"
    duration = "two hours of a CPU core"
    data = ("eurosat",)

    def reproduce(self, setting: Setting) -> Reproduction:
        reports = [_report(seed, setting) for seed in setting.seeds]
        before, after = (
            [100 * report[name] for report in reports] for name in ("test_accuracy_before", "test_accuracy")
        )
        ratios = [report["ratio"] for report in reports]
        loss = (sum(before) - sum(after)) / len(after)
        params = network_cost(network.make(NETWORK).expand()).params
        findings = [
            Finding("parameters, of 1000 classes", PARAMS, [params], f"= {PARAMS}", params == PARAMS, 0),
            Finding("test accuracy before, %", None, before),
            Finding("test accuracy, %", None, after, f">= before - {LOSS:g}", loss <= LOSS),
            Finding("times smaller", 10.2, ratios, f">= {GOAL:g}", sum(ratios) / len(ratios) >= GOAL, 1),
            Finding("bytes", None, [report["size_bytes"] for report in reports], digits=0),
        ]
        remarks = [
            "EuroSAT has 10 classes, so the network is smaller than that of 1000: its size is compared with its own.",
            "`nas papers run deep-compression-accounting` counts the paper's own 0.47 MB, of 1000 classes.",
        ]
        return Reproduction(findings, remarks=remarks)


def _report(seed: int, setting: Setting) -> Mapping[str, Any]:
    """The report of one compression; its files lie in the setting's folder."""

    def say(stage: str, epoch: int, metrics: Metrics) -> None:
        setting.progress(f"seed {seed}: {stage}, epoch {epoch}: accuracy {metrics['accuracy']:.2%}")

    return compressed_from_training(
        Dense(NETWORK, DENSE),
        STAGES,
        dataset=load("eurosat", seed),
        seed=seed,
        folder=setting.folder / str(seed),
        listener=say,
        device=setting.device,
    )
