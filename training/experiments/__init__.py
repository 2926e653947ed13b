"""What the recipe was chosen by: ablations and how they are run."""
