"""Conversion of checkpoints to OpenVINO and ONNX, averaging, encoder weights."""
