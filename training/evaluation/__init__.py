"""Evaluation of a checkpoint: metrics of each image, the report, baselines."""
