"""Labels: cleaning of masks, cross-fitting, pseudo-labels for images without masks."""
