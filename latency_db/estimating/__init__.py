"""Estimates of the latency of a network on a device, from stored records; nothing here measures.

Other packages import `estimator` and `estimate`; within latency_db also `predictor`, `kernel_table`, `calibration` and
`few_shot`.
"""
