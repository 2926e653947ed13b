from tests.app.conftest import Service


def test_metadata(shared_client: Service) -> None:
    document = shared_client.get("/model").json()
    assert document["name"] == "fake"
    assert document["sha256"] == "0" * 64
    assert document["engine"] == "fake-fp32"
    assert document["device"] == "cpu"
    assert document["preprocessing"]["input_size"] == 64
