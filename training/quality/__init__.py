"""The quality model: its examples, its fit and its cross-validation."""
