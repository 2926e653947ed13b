"""The dashboard and the alerts speak of metrics that there are."""

import json
import re
from pathlib import Path
from typing import Any

import yaml
from prometheus_client.parser import text_string_to_metric_families

from app.problems import TABLE
from tests.reliability.service import Service

FOLDER = Path(__file__).parents[2] / "deploy" / "observability"


def expressions() -> dict[str, str]:
    dashboard = json.loads((FOLDER / "dashboard.json").read_text())
    found = {
        f"{panel['title']} {target['refId']}": target["expr"]
        for panel in dashboard["panels"]
        for target in panel["targets"]
    }
    return found | {rule["alert"]: rule["expr"] for rule in rules()}


def rules() -> list[dict[str, Any]]:
    (group,) = yaml.safe_load((FOLDER / "alerts.yml").read_text())["groups"]
    found: list[dict[str, Any]] = group["rules"]
    return found


def test_metrics_of_the_alerts_exist(service: Service) -> None:
    text = service.request("GET", "/metrics")[2].decode()
    families = list(text_string_to_metric_families(text))
    names = {"up"}
    for family in families:
        endings = {"counter": ("_total",), "histogram": ("_bucket", "_sum", "_count"), "info": ("_info",)}
        names |= {family.name + ending for ending in endings.get(family.type, ("",))}
    for name, expression in expressions().items():
        used = set(re.findall(r"\b(?:pleura|process)_\w+", expression))
        assert used <= names, (name, used - names)
        assert used or "up{" in expression, name
        assert expression.count("(") == expression.count(")"), name


def test_reasons_of_the_alerts_exist() -> None:
    words = {kind.slug for kind in TABLE.values()}
    for name, expression in expressions().items():
        for group in re.findall(r'reason=~?"([^"]+)"', expression):
            assert set(group.split("|")) <= words, name


def test_each_alert_says_what_to_do() -> None:
    for rule in rules():
        assert rule["labels"]["severity"] in ("page", "ticket")
        assert rule["annotations"]["summary"].endswith("."), rule["alert"]
        assert rule["annotations"]["action"].endswith("."), rule["alert"]


def test_prometheus_loads_the_rules() -> None:
    config = yaml.safe_load((FOLDER / "prometheus.yml").read_text())
    assert config["rule_files"] == ["alerts.yml"]
    assert config["scrape_configs"][0]["job_name"] == "pleura"
