"""Experiments: the ablations of the recipe ``strong``."""
