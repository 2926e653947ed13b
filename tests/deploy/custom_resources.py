"""Schemas of the two custom resources that are used, for what Kubernetes' own schemas do not know.

Written after the Go types of their projects (both Apache-2.0), and no wider than these:
- InferenceService: ``ComponentExtensionSpec`` in kserve/kserve, pkg/apis/serving/v1beta1/component.go. The
  other fields of a custom predictor are those of a PodSpec, which Kubernetes' own schema checks.
- ServiceMonitor: ``ServiceMonitorSpec`` and ``Endpoint`` in prometheus-operator/prometheus-operator,
  pkg/apis/monitoring/v1.
"""

from typing import Any

_TEXTS = {"type": "object", "additionalProperties": {"type": "string"}}
_COUNT = {"type": "integer", "minimum": 0}
_METADATA = {
    "type": "object",
    "required": ["name"],
    "additionalProperties": False,
    "properties": {
        "name": {"type": "string", "pattern": "^[a-z]([-a-z0-9]*[a-z0-9])?$"},
        "namespace": {"type": "string"},
        "labels": _TEXTS,
        "annotations": _TEXTS,
    },
}

COMPONENT_EXTENSION: dict[str, Any] = {
    "minReplicas": _COUNT,
    "maxReplicas": _COUNT,
    "scaleTarget": {"type": "integer"},
    "scaleMetric": {"enum": ["cpu", "memory", "concurrency", "rps"]},
    "containerConcurrency": _COUNT,
    "timeout": {"type": "integer"},
    "canaryTrafficPercent": {"type": "integer"},
    "labels": _TEXTS,
    "annotations": _TEXTS,
}


def _resource(api_version: str, kind: str, spec: dict[str, Any]) -> dict[str, Any]:
    return {
        "type": "object",
        "required": ["apiVersion", "kind", "metadata", "spec"],
        "additionalProperties": False,
        "properties": {
            "apiVersion": {"const": api_version},
            "kind": {"const": kind},
            "metadata": _METADATA,
            "spec": spec,
        },
    }


INFERENCE_SERVICE = _resource(
    "serving.kserve.io/v1beta1",
    "InferenceService",
    {
        "type": "object",
        "required": ["predictor"],
        "additionalProperties": False,
        "properties": {
            "predictor": {
                "type": "object",
                "required": ["containers"],
                "properties": {
                    **COMPONENT_EXTENSION,
                    "containers": {
                        "type": "array",
                        "minItems": 1,
                        "contains": {"properties": {"name": {"const": "kserve-container"}}},
                    },
                },
            }
        },
    },
)

SERVICE_MONITOR = _resource(
    "monitoring.coreos.com/v1",
    "ServiceMonitor",
    {
        "type": "object",
        "required": ["selector", "endpoints"],
        "additionalProperties": False,
        "properties": {
            "jobLabel": {"type": "string"},
            "selector": {
                "type": "object",
                "additionalProperties": False,
                "properties": {"matchLabels": _TEXTS},
            },
            "endpoints": {
                "type": "array",
                "items": {
                    "type": "object",
                    "additionalProperties": False,
                    "properties": {
                        "port": {"type": "string"},
                        "path": {"type": "string"},
                        "interval": {"type": "string", "pattern": "^([0-9]+(ms|[smhd]))+$"},
                        "scrapeTimeout": {"type": "string", "pattern": "^([0-9]+(ms|[smhd]))+$"},
                        "scheme": {"enum": ["http", "https"]},
                    },
                },
            },
        },
    },
)
