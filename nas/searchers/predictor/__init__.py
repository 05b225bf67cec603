"""Search by a surrogate of the metric that training shows, and by what is known of networks without training."""

from nas.searchers.predictor.search import Predictor

__all__ = ["Predictor"]
