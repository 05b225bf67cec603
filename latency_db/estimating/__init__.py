"""Estimates: the latency of a network on a device from what is stored; nothing here measures.

Import `estimator` and `estimate` from outside; rooms above also `predictor`, `kernel_table`, `calibration`, `few_shot`.
"""
