"""What becomes of a checkpoint: OpenVINO and ONNX models, averages, encoder weights."""
