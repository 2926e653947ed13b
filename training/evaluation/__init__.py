"""How good a checkpoint is: figures of each image, the report, baselines to compare with."""
