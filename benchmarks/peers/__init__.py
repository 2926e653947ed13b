"""What one would write instead of Pleura: the same network behind a plain handler, LitServe and BentoML."""
