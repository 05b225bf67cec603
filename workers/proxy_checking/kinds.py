"""The two trainings of a network that a proxy check compares: a trial's, and a finalist's."""

from typing import Any

from nas.forecast import OVERHEAD_MACS, images_of_trials
from nas.metric import network_metrics
from nas.ops.notation import write_network
from nas.space import Candidate
from workers.proxy_checking.trainings import Training
from workers.searching.context import SearchContext
from workers.searching.finalists.training import final_of, named
from workers.tasks.train import finalise

KEPT = ("accuracy", "train_seconds")


def short_training(context: SearchContext, candidate: Candidate, seed: int | None = None) -> Training:
    """As a trial; seed: of a repeat, None for the search's own."""
    network = candidate.architecture.expand()
    network_id, notation = candidate.architecture.network_id, write_network(network)
    key = context.training_keys.trial(network_id, seed)

    def read(metrics: dict[str, float]) -> dict[str, float]:
        context.store_training(key, metrics)
        return {name: metrics[name] for name in KEPT if name in metrics}

    def known() -> dict[str, float] | None:
        found = context.cached_training(key)
        return found and {name: found[name] for name in KEPT if name in found}

    used = images_of_trials(context.spec, len(context.images.train))
    return Training(
        name=f"proxy-{network_id}" if seed is None else f"proxy-{network_id}-{seed}",
        what=f"{candidate.architecture.id}{'' if seed is None else f' (seed {seed})'}",
        longer=False,
        epochs=context.evaluator.epochs,
        work=used * (network_metrics(network)["macs"] + OVERHEAD_MACS),
        known=known,
        start=lambda report, on_start: context.evaluate(notation, report, on_start, seed=seed),
        read=read,
    )


def longer_training(context: SearchContext, candidate: Candidate) -> Training:
    """As a finalist; its file is kept for searches that make it one."""
    architecture, recipe = candidate.architecture, context.spec.finalists.training
    network = architecture.expand()
    keys = [context.training_keys.finalist(of) for of in (architecture.id, architecture.network_id)]
    start = context.inherited_from()
    final = final_of(context, named(architecture), start)

    def kept(metrics: dict[str, Any]) -> dict[str, float]:
        return {"accuracy": metrics["validation_accuracy"], "train_seconds": metrics["train_seconds"]}

    def read(finalised: tuple[dict[str, float], bytes]) -> dict[str, float]:
        metrics, file = finalised
        for key in keys:
            context.store_training(key, metrics, file)
        return kept(metrics)

    def known() -> dict[str, float] | None:
        found = context.cached_training(*keys)
        return found and kept(found)

    return Training(
        name=f"longer-{architecture.network_id}-{recipe.id}",
        what=f"{architecture.id} for {recipe.epochs} epochs",
        longer=True,
        epochs=recipe.epochs,
        work=len(context.images.train) * (network_metrics(network)["macs"] + OVERHEAD_MACS),
        known=known,
        start=lambda report, on_start: context.submit(
            finalise, write_network(network), final, *start, report=report, on_start=on_start
        ),
        read=read,
    )
