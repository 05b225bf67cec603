"""Models that predict a metric of networks that were not trained, with how sure they are of it."""
