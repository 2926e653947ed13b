"""Lung segmentation: reading images, the network and its engines, post-processing, quality, writing."""
