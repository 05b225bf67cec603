"""`nas proxy submit`, `list`, `show` and `cancel` against a service."""

import json

import pytest
from calling import nas
from live_service import ledger_of, service_on

from nas.jobs.inquiries.record import InquiryState
from nas.proxy.candidates import Drawn
from nas.proxy.judgement import Proxy
from nas.proxy.summary import summary
from nas.service.settings import Settings

ACCURACIES = {"a": (0.70, 0.80), "b": (0.72, 0.81), "c": (0.75, 0.86), "d": (0.77, 0.85), "e": (0.79, 0.88)}


@pytest.fixture(scope="module")
def ledger(service_home):
    """That of a service which the commands use."""
    settings = Settings(home=service_home, open=True)
    with service_on(settings) as url, ledger_of(settings) as ledger, pytest.MonkeyPatch.context() as patch:
        patch.setenv("NAS_URL", url)
        yield ledger


@pytest.fixture
def spec(tmp_path):
    path = tmp_path / "spec.yaml"
    path.write_text("dataset: fashion_mnist_mini\nmax_trials: 4\n")
    return path


def result():
    rows = [
        {"id": name, "notation": "n", "macs": 1e6 * place, "params": 10, "proxy_accuracy": a, "longer_accuracy": b}
        for place, (name, (a, b)) in enumerate(ACCURACIES.items(), 1)
    ]
    drawn = Drawn(200, {"space": 20, "device": 0, "limits": 80}, [])
    found = summary(rows, [0.70, 0.71], drawn, Proxy(2, 10), repeated="c", seed=0)
    return {**found, "cost": {"search_seconds": 4000.0, "cores": 2}}


def test_a_check_is_submitted_followed_and_its_verdict_printed(ledger, spec):
    code, printed, _ = nas("proxy", "submit", spec, "--candidates", "5")
    assert (code, printed.split()[1]) == (0, "QUEUED")
    check = printed.split()[0]
    assert check in nas("proxy", "list")[1]
    claim = ledger.inquiries.claim("the test")
    progress = {"phase": "TRAINING", "what": "trainings", "done": 1, "total": 7, "left_s": 61.0}
    ledger.inquiries.renew(claim.lease, progress=progress)
    assert "trainings: 1 of 7" in nas("proxy", "show", check)[1]
    ledger.inquiries.end(claim.lease, InquiryState.SUCCEEDED, result=result())

    code, printed, _ = nas("proxy", "show", check)

    assert code == 0
    assert "The proxy is " in printed
    assert all(reason in printed for reason in result()["reasons"])
    assert json.loads(nas("proxy", "show", check, "--json")[1])["options"]["candidates"] == 5


def test_a_cancelled_check_fails_the_command_and_a_wrong_one_is_refused_with_the_remedy(ledger, spec):  # noqa: ARG001 - the service
    check = nas("proxy", "submit", spec, "--candidates", "6")[1].split()[0]

    assert nas("proxy", "cancel", check)[:2] == (0, f"{check}  CANCELLED\n")
    assert nas("proxy", "show", check)[0] == 1
    code, _, complaints = nas("proxy", "submit", spec, "--longer-epochs", "2")
    assert code == 2
    assert "set longer_epochs to 3 or more" in complaints
