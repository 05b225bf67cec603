"""Teachers over REST: files that are checked, kept, named in specs, and never run by the service."""

import hashlib

import pytest
from problem import assert_problem
from teachers import teacher

from api.routes import teachers as module
from nas.onnx_file.model_check import Limits

NAMED = teacher(about={"classes": ["upper", "lower"]})


def send(client, content, name="any/../my model.onnx"):
    return client.post("/v1/teachers", files={"model": (name, content)})


def refused(client, teacher_, **more):
    spec = {"dataset": "fashion_mnist_mini", "references": [], "teacher": teacher_} | more
    return client.post("/v1/searches", params={"validate_only": True}, json=spec)


def test_a_teacher_is_sent_once_and_asked_for_before(open_client):
    sha256 = hashlib.sha256(NAMED).hexdigest()
    assert_problem(open_client.get(f"/v1/teachers/{sha256}"), 404, "NOT_FOUND")

    answers = [send(open_client, NAMED), send(open_client, NAMED)]

    assert [answer.status_code for answer in answers] == [201, 200]
    expected = {
        "model": f"teachers/{sha256}/my_model.onnx",
        "sha256": sha256,
        "size_bytes": len(NAMED),
        "input": [None, 1, 8, 8],
        "classes": ["upper", "lower"],
    }
    assert [answer.json() for answer in answers] == [expected] * 2
    asked = open_client.get(f"/v1/teachers/{sha256}", params={"name": "a.onnx"})
    assert asked.json() == expected | {"model": f"teachers/{sha256}/a.onnx"}


def test_what_workers_would_not_run_is_refused(open_client, monkeypatch):
    assert_problem(send(open_client, b"no model"), 422, "SPEC_INVALID")
    assert_problem(send(open_client, b""), 422, "SPEC_INVALID")
    assert_problem(open_client.post("/v1/teachers", files={"other": ("a", NAMED)}), 422, "REQUEST_INVALID")
    monkeypatch.setattr(module, "LIMITS", Limits(max_bytes=100))
    monkeypatch.setattr(module, "ROUND_BYTES", 0)
    assert_problem(send(open_client, NAMED), 413, "BODY_TOO_LARGE")


def test_a_spec_names_a_teacher_that_was_sent_and_no_other_file(open_client):
    model = send(open_client, NAMED).json()["model"]

    problem = assert_problem(refused(open_client, {"model": model, "pixels": "0-1"}), 422, "SPEC_INVALID")
    assert "2 outputs" in str(problem) or "the classes of the data set" in str(problem)
    for other in ("/etc/passwd", "teacher.onnx", f"teachers/{'0' * 64}/a.onnx", f"{model}/../../x"):
        problem = assert_problem(refused(open_client, other), 422, "SPEC_INVALID")
        assert "teacher.model" in str(problem)


@pytest.mark.usefixtures("plugins")
def test_a_submit_tells_what_is_assumed_of_the_teacher(open_client):
    model = send(open_client, teacher()).json()["model"]

    answer = refused(open_client, {"model": model, "pixels": "0-1"}, dataset="halves")

    assert answer.status_code == 200
    assert answer.json()["spec"]["teacher"]["model"] == model
