"""The Open Inference Protocol (KServe's V2), over HTTP: what travels, and from there to images and back."""
