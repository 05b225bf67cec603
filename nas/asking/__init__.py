"""What a searcher is asked with: the problem, candidates as numbers, those not asked yet, and earlier searches."""
