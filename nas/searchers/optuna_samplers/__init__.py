"""Optuna's samplers as searchers (https://optuna.org)."""

from nas.searchers.optuna_samplers.any import AnySampler
from nas.searchers.optuna_samplers.gp import Gp
from nas.searchers.optuna_samplers.nsga2 import Nsga2
from nas.searchers.optuna_samplers.tpe import Tpe

__all__ = ["AnySampler", "Gp", "Nsga2", "Tpe"]
