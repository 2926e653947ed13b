"""The manifests agree with the code."""

import re

import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families
from pydantic import TypeAdapter

from app.main import create_app
from app.server import FINAL_RESPONSES_S
from app.settings import MEGABYTE, Settings
from app.telemetry import Telemetry
from tests.app.fakes import segmenter
from tests.deploy.manifests import (
    FOLDER,
    OVERLAYS,
    ROOT,
    bytes_of,
    container,
    environment,
    load,
    pod,
    rendered,
    written,
)

DOCKERFILE = (ROOT / "Dockerfile").read_text("utf-8")
overlays = pytest.mark.parametrize("name", OVERLAYS)


def settings(name: str) -> Settings:
    """The settings that the service reads from its environment."""
    given = {
        variable.removeprefix("PLEURA_").lower(): value
        for variable, value in environment(rendered(name)).items()
        if variable.startswith("PLEURA_")
    }
    assert set(given) <= set(Settings.model_fields)
    return TypeAdapter(Settings).validate_python(given)


@overlays
def test_environment_has_only_known_settings(name: str) -> None:
    made = settings(name)
    assert made.host == "0.0.0.0"
    assert made.api_key_file is not None
    assert made.device == ("cuda" if name == "overlays/gpu" else "cpu")


@overlays
def test_probes_use_routes_of_the_service(name: str) -> None:
    paths = create_app(Settings(), segmenter=segmenter()).openapi()["paths"]
    one = container(rendered(name))
    for probe in ("startupProbe", "readinessProbe", "livenessProbe"):
        operation = paths[one[probe]["httpGet"]["path"]]["get"]
        # The kubelet has no key.
        assert "security" not in operation
        # Alive is who answers at all; ready may be refused.
        assert ("503" in operation["responses"]) == (probe != "livenessProbe")


@overlays
def test_ports_agree(name: str) -> None:
    (port,) = container(rendered(name))["ports"]
    assert port["containerPort"] == settings(name).port
    assert f"EXPOSE {port['containerPort']}" in DOCKERFILE
    for probe in ("startupProbe", "readinessProbe", "livenessProbe"):
        assert container(rendered(name))[probe]["httpGet"]["port"] in (port["name"], port["containerPort"])


@pytest.mark.parametrize("name", ["overlays/cpu", "overlays/gpu"])
def test_service_and_network_policy_select_the_pods(name: str) -> None:
    manifests = rendered(name)
    labels = manifests["Deployment"]["spec"]["template"]["metadata"]["labels"]
    (port,) = container(manifests)["ports"]
    assert manifests["Service"]["spec"]["selector"] == labels
    assert manifests["Service"]["spec"]["ports"][0]["targetPort"] == port["name"]
    policy = manifests["NetworkPolicy"]["spec"]
    assert policy["podSelector"]["matchLabels"] == labels
    assert policy["ingress"][0]["ports"] == [{"protocol": "TCP", "port": port["name"]}]
    assert policy["egress"] == []
    for kind in ("Deployment", "PodDisruptionBudget"):
        assert manifests[kind]["spec"]["selector"]["matchLabels"] == labels
    target = manifests["HorizontalPodAutoscaler"]["spec"]["scaleTargetRef"]
    assert (target["kind"], target["name"]) == ("Deployment", manifests["Deployment"]["metadata"]["name"])
    # A number here would undo the autoscaler's at each apply.
    assert "replicas" not in manifests["Deployment"]["spec"]


@overlays
def test_variables_of_kubernetes_do_not_become_settings(name: str) -> None:
    """A Service called pleura would set PLEURA_PORT to tcp://ADDRESS."""
    assert pod(rendered(name))["enableServiceLinks"] is False
    assert environment(rendered(name))["PLEURA_PORT"] == "8000"


@overlays
def test_grace_period_is_long_enough(name: str) -> None:
    wait = container(rendered(name))["lifecycle"]["preStop"]["sleep"]["seconds"]
    needed = wait + settings(name).grace_period_s + FINAL_RESPONSES_S
    assert needed + 5 <= pod(rendered(name))["terminationGracePeriodSeconds"]


@overlays
def test_uploads_fit_into_their_volume_and_it_into_the_memory(name: str) -> None:
    made, one = settings(name), container(rendered(name))
    volumes = {volume["name"]: volume for volume in pod(rendered(name))["volumes"]}
    mounts = {mount["mountPath"]: mount["name"] for mount in one["volumeMounts"]}
    tmp = volumes[mounts["/tmp"]]["emptyDir"]
    assert tmp["medium"] == "Memory"
    room = bytes_of(tmp["sizeLimit"])
    assert room >= made.max_uploads * made.max_upload_mb * MEGABYTE
    # docs/explanation/reliability.md: what each image in hand may take, and what waits for the network.
    cpus, gpu = int(one["resources"]["limits"]["cpu"]), name == "overlays/gpu"
    service, batch = (2_500_000_000, 32) if gpu else (400_000_000, cpus)
    images = made.max_pixels * (14 * cpus + 3 * 2 * batch)
    assert bytes_of(one["resources"]["limits"]["memory"]) >= room + service + images


@overlays
def test_keys_are_read_from_the_secret(name: str) -> None:
    path = settings(name).api_key_file
    assert path is not None
    mounts = {mount["mountPath"]: mount for mount in container(rendered(name))["volumeMounts"]}
    mount = mounts[str(path.parent)]
    assert mount["readOnly"] is True
    (secret,) = (one["secret"] for one in pod(rendered(name))["volumes"] if one["name"] == mount["name"])
    assert secret["secretName"] == "pleura-keys"
    # Readable only for the group that owns the pod's files.
    assert secret["defaultMode"] == 0o440


@overlays
def test_pods_have_the_least_privileges(name: str) -> None:
    specification, one = pod(rendered(name)), container(rendered(name))
    whole = specification["securityContext"]
    assert re.search(rf"^USER {whole['runAsUser']}:{whole['runAsGroup']}$", DOCKERFILE, re.MULTILINE)
    assert whole["fsGroup"] == whole["runAsGroup"]
    assert whole["runAsNonRoot"] is True
    assert whole["seccompProfile"] == {"type": "RuntimeDefault"}
    assert one["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert specification["automountServiceAccountToken"] is False


@overlays
def test_resources_are_requested_and_limited(name: str) -> None:
    resources = container(rendered(name))["resources"]
    # The same: what it sizes itself by is what it can count on.
    assert resources["requests"] == resources["limits"]
    assert ("nvidia.com/gpu" in resources["limits"]) == (name == "overlays/gpu")


def test_images_are_those_of_the_makefile() -> None:
    built = set(re.findall(r"--tag (pleura:\w+)", DOCKERFILE))
    assert {container(rendered(name))["image"] for name in OVERLAYS} == built


def test_update_needs_no_second_gpu() -> None:
    rolling = rendered("overlays/gpu")["Deployment"]["spec"]["strategy"]["rollingUpdate"]
    assert rolling == {"maxSurge": 0, "maxUnavailable": 1}
    rolling = rendered("overlays/cpu")["Deployment"]["spec"]["strategy"]["rollingUpdate"]
    assert rolling == {"maxSurge": 1, "maxUnavailable": 0}


def test_autoscaling_metric_of_the_queue_exists() -> None:
    (values,) = load(FOLDER / "components/queue-depth/prometheus-adapter.yaml")
    (rule,) = values["rules"]["custom"]
    (component,) = load(FOLDER / "components/queue-depth/kustomization.yaml")
    ((operation,),) = (yaml.safe_load(patch["patch"]) for patch in component["patches"])
    metric = operation["value"]["pods"]["metric"]["name"]
    assert rule["seriesQuery"].startswith(f"{metric}{{")
    families = text_string_to_metric_families(Telemetry().exposition().decode())
    assert metric in {family.name for family in families if family.type == "gauge"}
    # Long before the queue is full.
    assert int(operation["value"]["pods"]["target"]["averageValue"]) <= Settings().queue_size / 4


def test_prometheus_job_has_the_name_of_the_alerts() -> None:
    monitor = written()["components/service-monitor/service-monitor.yaml"]["spec"]
    service = written()["base/service.yaml"]
    assert monitor["selector"]["matchLabels"] == service["metadata"]["labels"]
    (endpoint,) = monitor["endpoints"]
    assert endpoint["port"] in {port["name"] for port in service["spec"]["ports"]}
    assert endpoint["path"] in create_app(Settings(), segmenter=segmenter()).openapi()["paths"]
    alerts = (ROOT / "deploy/observability/alerts.yml").read_text("utf-8")
    assert set(re.findall(r'job="(\w+)"', alerts)) == {service["metadata"]["name"]}


def test_kserve_runtime_names_the_protocol() -> None:
    manifests = rendered("kserve")
    assert environment(manifests)["PROTOCOL"] == "v2"
    service = manifests["InferenceService"]
    assert service["metadata"]["name"] == "pleura"
    # KServe refuses a scaleMetric of cpu without these two.
    assert service["metadata"]["annotations"] == {
        "serving.kserve.io/deploymentMode": "Standard",
        "serving.kserve.io/autoscalerClass": "hpa",
    }
    assert "/v2/models/pleura/infer" in create_app(Settings(), segmenter=segmenter()).openapi()["paths"]


def test_kserve_runs_the_same_container() -> None:
    alone, kserve = (container(rendered(name)) for name in ("overlays/cpu", "kserve"))
    for field in ("image", "resources", "securityContext", "lifecycle", "volumeMounts"):
        assert kserve[field] == alone[field], field
    ours = environment(rendered("overlays/cpu"))
    assert environment(rendered("kserve")) == ours | {"PROTOCOL": "v2"}
    assert pod(rendered("kserve"))["volumes"] == pod(rendered("overlays/cpu"))["volumes"]
