"""What the quality model is fitted to, and how well it does."""
