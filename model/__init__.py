"""Image in, mask out."""
