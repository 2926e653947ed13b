"""Alternatives to Pleura: the same network behind a plain handler, LitServe and BentoML."""
