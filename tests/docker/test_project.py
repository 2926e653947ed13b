"""docker-compose.yml at work, with each Compose that is here."""

import http.client
import json
from concurrent.futures import Future, ThreadPoolExecutor, wait
from io import BytesIO
from threading import Event
from typing import Any

import httpx
from pydicom import dcmread

from tests.app.fakes import decode, dicom
from tests.app.waiting import wait_until
from tests.docker.engine import Project, docker
from tests.docker.test_service import MASK, PHANTOM, iou, pixels

REQUESTS = 120
AT_ONCE = 4


def answers(url: str, status: int = 200, **options: Any) -> bool:
    try:
        return httpx.get(url, **options).status_code == status
    except httpx.TransportError:
        return False


def healthy(container: str) -> bool:
    docker("exec", container, "true")
    try:
        docker("exec", container, "pleura", "health")
    except AssertionError:
        return False
    return True


def test_compose_up_serves(project: Project) -> None:
    project("up", "--detach", "--no-build")
    url = project.url("pleura", 8000)
    wait_until(lambda: answers(f"{url}/readyz"), within_s=60)
    answer = httpx.post(f"{url}/segment", content=PHANTOM, headers={"Accept": "image/png"}, timeout=60)
    assert iou(decode(answer.content), decode(MASK)) > 0.9


def test_no_request_fails_while_replicas_restart(proxy_image: str, project: Project) -> None:
    project("up", "--detach", "--no-build", "proxy")
    first, second = project.containers("replica")
    wait_until(lambda: healthy(first) and healthy(second), within_s=60)
    url = project.url("proxy", 8080)
    wait_until(lambda: answers(f"{url}/readyz"), within_s=30)

    done: list[int] = []
    reached: dict[int, Event] = {count: Event() for count in (20, 60, 90)}

    def send(_: int) -> tuple[int, bytes]:
        with httpx.Client(timeout=120) as client:
            answer = client.post(f"{url}/segment", content=PHANTOM, headers={"Accept": "image/png"})
        done.append(answer.status_code)
        for count, event in reached.items():
            if len(done) >= count:
                event.set()
        return answer.status_code, answer.content

    with ThreadPoolExecutor(AT_ONCE) as threads:
        sent: list[Future[tuple[int, bytes]]] = [threads.submit(send, number) for number in range(REQUESTS)]
        # SIGKILL, with requests under way.
        assert reached[20].wait(120)
        docker("kill", first)
        assert reached[60].wait(120)
        docker("start", first)
        wait_until(lambda: healthy(first), within_s=60)
        # SIGTERM, as in a rolling update.
        assert reached[90].wait(120)
        docker("stop", second)
        wait(sent)
    results = [future.result() for future in sent]
    assert [status for status, _ in results] == [200] * REQUESTS
    assert all(iou(decode(body), decode(MASK)) > 0.9 for _, body in results)
    # Each of them was at work, and the kill was felt: or this would have shown nothing.
    log = project("logs", "--no-color", "proxy")
    places = {line.split(" s by ")[1].split(":")[0] for line in log.splitlines() if " s by " in line}
    assert len(places) >= 2
    assert docker("inspect", "--format", "{{.State.ExitCode}}", second) == "0"


def test_refusals_of_the_proxy_look_like_those_of_the_service(proxy_image: str, project: Project) -> None:
    project("up", "--detach", "--no-build", "--scale", "replica=1", "proxy")
    url = project.url("proxy", 8080)
    wait_until(lambda: answers(f"{url}/readyz"), within_s=60)
    # What is announced is enough: nothing of it is sent.
    connection = http.client.HTTPConnection(url.removeprefix("http://"), timeout=60)
    connection.request("POST", "/segment", headers={"Content-Length": "70000000"})
    large = connection.getresponse()
    assert large.getheader("Content-Type") == "application/problem+json"
    assert (large.status, json.load(large)["type"]) == (413, "urn:pleura:problem:body-too-large")
    connection.close()

    (replica,) = project.containers("replica")
    docker("kill", replica)
    alone = httpx.post(f"{url}/segment", content=PHANTOM, timeout=60)
    assert (alone.status_code, alone.json()["type"]) == (503, "urn:pleura:problem:not-ready")
    assert alone.headers["Content-Type"] == "application/problem+json"
    assert alone.headers["Retry-After"] == "2"


def test_prometheus_finds_the_service(prometheus_image: str, project: Project) -> None:
    project("up", "--detach", "--no-build", "pleura", "prometheus")
    url = project.url("prometheus", 9090)

    def ready() -> bool:
        answer = httpx.get(f"{url}/api/v1/query", params={"query": 'pleura_ready{job="pleura"}'})
        return [one["value"][1] for one in answer.json()["data"]["result"]] == ["1"]

    wait_until(lambda: answers(f"{url}/-/ready"), within_s=60)
    wait_until(ready, within_s=90)
    groups = httpx.get(f"{url}/api/v1/rules").json()["data"]["groups"]
    assert [group["name"] for group in groups] == ["pleura"]


def test_the_watcher_segments_what_reaches_orthanc(orthanc_image: str, project: Project) -> None:
    project("up", "--detach", "--no-build", "watcher")
    url = project.url("orthanc", 8042)
    who = ("pleura", "pleura")
    wait_until(lambda: answers(f"{url}/system", auth=who), within_s=60)
    assert answers(f"{url}/system", 401)
    httpx.post(f"{url}/instances", content=dicom(pixels()), auth=who, timeout=60).raise_for_status()

    def segmentations() -> list[str]:
        question = {"Level": "Series", "Query": {"Modality": "SEG"}, "Expand": True}
        found = httpx.post(f"{url}/tools/find", json=question, auth=who, timeout=60).json()
        return [instance for series in found for instance in series["Instances"]]

    wait_until(lambda: bool(segmentations()), within_s=120)
    (instance,) = segmentations()
    stored = httpx.get(f"{url}/instances/{instance}/file", auth=who, timeout=60).content
    assert dcmread(BytesIO(stored)).PatientID == "DOE-1"
