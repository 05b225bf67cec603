"""`nas search` against a real service; only the dispatcher is played."""

import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest
import yaml
from live_service import MODEL, SPEC, ask, ledger_of, play, play_scored, service_on, take, tell
from processes import PATIENCE_S

from api.commands.search_summary import SearchSummary
from nas.command_line.groups import main
from nas.jobs.records import File
from nas.service.artifact_store import ArtifactStore
from nas.service.settings import Settings

KINDS = ("naz", "unpacked")
NAS = Path(sys.executable).with_name("nas")


@pytest.fixture(scope="module")
def settings(service_home):
    return Settings(home=service_home, open=True)


@pytest.fixture(scope="module")
def url(settings):
    with service_on(settings) as url:
        yield url


@pytest.fixture
def nas(url, monkeypatch, capsys, tmp_path):
    """Runs the command as a terminal does: the exit code, what it printed, and its complaints."""
    monkeypatch.setenv("NAS_URL", url)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "spec.yaml").write_text(yaml.safe_dump(SPEC))

    def run(*arguments):
        monkeypatch.setattr(sys, "argv", ["nas", "search", *arguments])
        with pytest.raises(SystemExit) as ended:
            main()
        return ended.value.code or 0, *capsys.readouterr()

    return run


def made(nas, *options):
    """A submitted search."""
    code, out, _ = nas("submit", "spec.yaml", "--json", *options)
    assert code == 0
    return json.loads(out)


def test_an_empty_list_says_how_to_begin(nas):
    code, out, err = nas("list", "--text", "a name that nobody gave")

    assert (code, out) == (0, "")
    assert "nas search submit" in err


def test_submit_list_and_show(nas):
    search = made(nas, "--name", "one", "--label", "team=a", "--label", "b=", "--priority", "7")
    assert (search["labels"], search["priority"]) == ({"team": "a", "b": ""}, 7)

    code, out, _ = nas("list", "--text", "one", "--state", "queued")
    assert code == 0
    assert [line.split()[:3] for line in out.splitlines()[1:]] == [[search["id"], "one", "QUEUED"]]
    assert json.loads(nas("list", "--json", "--limit", "1")[1])[0]["id"] == search["id"]

    code, out, _ = nas("show", search["id"])
    assert code == 0
    assert "dataset:" in out
    assert nas("show", "latest", "--json")[1] == nas("show", search["id"][5:], "--json")[1]


def test_submit_says_how_long_it_will_take_once_a_search_has_told(nas, settings):
    with ledger_of(settings) as ledger:
        owner = take(ledger, made(nas)["id"])
        owner.keep("pace", {"evaluator": "train", "space": "small", "device": "local-cpu-1t", "work_s": 1e-9})
        owner.end("SUCCEEDED")

    code, out, err = nas("submit", "spec.yaml")

    assert (code, len(out.splitlines())) == (0, 1)
    assert re.fullmatch(r"about \S+\s(min|s|h)\b.* with every worker free\n", err)


def test_the_time_that_is_left_is_what_the_dispatcher_has_told():
    at = datetime(2026, 1, 1, tzinfo=UTC)
    summary = SearchSummary(SimpleNamespace(id="a", name="a", max_trials=4))
    assert summary.left(at) is None

    data = {"what": "finalist x", "done": 3, "total": 10, "left_s": 90.0}
    summary.add(SimpleNamespace(type="search.progress", data=data, at=at, ends=False))

    assert summary.left(at + timedelta(seconds=30)) == timedelta(seconds=60)
    assert summary.left(at + timedelta(hours=1)) == timedelta(seconds=1)


def test_pause_resume_cancel_fork_delete(nas):
    search = made(nas)["id"]

    assert nas("pause", search)[:2] == (0, f"{search}  PAUSED\n")
    assert nas("resume", search)[:2] == (0, f"{search}  QUEUED\n")
    code, out, _ = nas("fork", search, "--set", "max_trials=2", "--set", "objective.target_latency_ms=5", "--json")
    fork = json.loads(out)
    assert (code, fork["parent_id"], fork["max_trials"]) == (0, search, 2)
    assert fork["spec"]["objective"] == {"name": "constrained", "target_latency_ms": 5}
    for one in (search, fork["id"]):
        assert nas("cancel", one)[:2] == (0, f"{one}  CANCELLED\n")
    assert nas("delete", search, "--yes")[0] == 0
    code, _, complaint = nas("show", search)
    assert (code, "NOT_FOUND" in complaint) == (2, True)


def test_trials_have_scores_which_order_them_or_not(nas, settings):
    search = made(nas)["id"]
    assert nas("correlations", search)[1:] == ("", "Too few trials have a result yet.\n")
    play_scored(settings, search)

    assert "NASWOT" in nas("trials", search)[1].splitlines()[0]
    rows = nas("correlations", search)[1].splitlines()
    assert rows[0].split() == ["metric", "trials", "tau", "95", "%", "given", "macs"]
    assert rows[3].split()[:3] == ["naswot", "10", "-1.00"]
    assert rows[-1].startswith("Of any two of the 10 trials, the one with a lower NASWOT is the more accurate")
    assert [row["metric"] for row in json.loads(nas("correlations", search, "--json")[1])] == [
        "params",
        "macs",
        "naswot",
    ]


def test_a_finished_search_is_watched_and_taken_away(nas, settings, tmp_path):
    search = made(nas)["id"]
    play(settings, search)

    code, out, _ = nas("watch", search)
    assert code == 0
    assert "trial 0 (1/4)  80.0%  2.000 ms  1,000 params  reward 0.8000" in out
    assert "failed: the loss is no number" in out
    assert out.splitlines()[-1].endswith("SUCCEEDED")
    events = [json.loads(line) for line in nas("watch", search, "--json", "--after", "3")[1].splitlines()]
    assert [e["seq"] for e in events] == list(range(4, 4 + len(events)))
    assert events[-1]["data"]["state"] == "SUCCEEDED"

    assert [line.split()[:3] for line in nas("trials", search)[1].splitlines()[1:2]] == [["0", *_first(nas, search)]]
    assert [t["number"] for t in json.loads(nas("trials", search, "--state", "failed", "--json")[1])] == [3]
    front = nas("pareto", search)[1].splitlines()
    assert [line.split()[1] for line in front[1:]] == ["1", "0", "mobilenetv1", "0"]
    assert "79.00%" in front[-1]
    of_params = nas("pareto", search, "--metric", "params")[1].splitlines()
    assert [line.split()[1] for line in of_params[1:]] == ["1", "mobilenetv1", "0"]

    code, out, _ = nas("export", search, "--out", "models", "--json")
    (file,) = json.loads(out)["files"]
    assert (code, file["trial"]) == (0, 0)
    assert (tmp_path / file["path"]).read_bytes() == MODEL


def test_the_best_finalist_is_the_first_and_marked_everywhere(nas, settings):
    """Though the search chose them in another order: by reward. Trial 1 alone is within the target of 1.5 ms."""
    search = made(nas)["id"]
    with ledger_of(settings) as ledger:
        owner = take(ledger, search)
        owner.facts({"dataset": {"test": 86, "validation": 50}}, 1.5)
        rows = []
        for number, (latency, accuracy) in enumerate([(2.0, 0.9), (1.0, 0.7), (1.6, 0.8)]):
            ask(owner, number)
            tell(owner, number)
            sha256, size = ArtifactStore(settings.artifacts, ledger.artifacts).add(b"%d" % number)
            owner.attach("onnx", f"m{number}.onnx", "application/octet-stream", sha256, size, trial=number)
            metrics = {"latency_ms": latency, "validation_accuracy": accuracy, "test_accuracy": 0.8}
            rows.append(
                {"trial": number, "id": f"{number}", "file": f"m{number}.onnx", "notation": "n", "metrics": metrics}
            )
        owner.keep("finalists", rows)
        tested = {"close": 0.72, "far": 0.4}
        on_curve = {"close": {"curve": "net", "width": 0.5}, "far": {"curve": "net", "width": 0.1}}
        latencies = {"close": 4.0, "far": 1.5}
        owner.keep(
            "references",
            [
                {
                    "label": n,
                    "notation": "n",
                    **on_curve[n],
                    "metrics": {"test_accuracy": a, "latency_ms": latencies[n]},
                }
                for n, a in tested.items()
            ],
        )
        owner.end("SUCCEEDED")

    answers = json.loads(nas("pareto", search, "--json")[1])
    answer, table = answers["finalists"], nas("pareto", search)[1]

    assert [row["verdict"] for row in answers["references"]] == ["unclear", "better"]
    words = " ".join(table.split())
    assert words.startswith("network test accuracy validation accuracy ms ")
    assert (
        "reference close the best is not clearly different from it 72.00% (61.7 to 80.4) 4.0000 reference far" in words
    )
    assert "reference far the best is better than it 40.00% (30.3 to 50.6) 1.5000 finalist 1 (best)" in words
    (beside,) = answer[0]["beside_curves"]
    assert [row["width"] for row in answers["references"]] == [0.5, 0.1]
    assert (beside["curve"], beside["outside"], beside["ratio"]) == ("net", "above", 4.0)
    assert beside["text"].startswith("more accurate than the whole curve of net")
    assert [(row["trial"], row["best"]) for row in answer] == [(1, True), (2, False), (0, False)]
    assert table.index("finalist 1 (best)") < table.index("finalist 2 ") < table.index("finalist 0 ")
    assert nas("export", search)[1].split() == ["models/m1.onnx", "models/m2.onnx", "models/m0.onnx"]


def test_the_runtimes_files_of_finalists_are_downloaded_too_or_the_reason_is_printed(nas, settings, tmp_path):
    search = made(nas)["id"]
    contents = {"onnx": MODEL, "tflite": b"flat " + MODEL}
    with ledger_of(settings) as ledger:
        owner = take(ledger, search)
        rows = []
        for number in range(2):
            ask(owner, number)
            tell(owner, number)
            files = [
                {"format": kind, "file": f"m{number}.{kind}"} for kind in contents if number == 0 or kind == "onnx"
            ]
            for file in files:
                sha256, size = ArtifactStore(settings.artifacts, ledger.artifacts).add(contents[file["format"]])
                owner.attach(file["format"], file["file"], "application/octet-stream", sha256, size, trial=number)
            note = f"litert refuses {number}" if len(files) == 1 else None
            about = {"id": str(number), "notation": "n", "metrics": {}, "files": files, "note": note}
            rows.append({"trial": number, "file": f"m{number}.onnx", **about})
        owner.keep("finalists", rows)
        owner.end("SUCCEEDED")

    code, out, complaint = nas("export", search)
    only = nas("export", search, "--format", "tflite", "--out", "flat")
    absent = nas("export", search, "--format", "pte")

    assert (code, out.split(), complaint) == (
        0,
        ["models/m0.onnx", "models/m0.tflite", "models/m1.onnx"],
        "trial 1: litert refuses 1\n",
    )
    assert (tmp_path / "models/m0.tflite").read_bytes() == contents["tflite"]
    assert only[:2] == (0, "flat/m0.tflite\n")
    assert (absent[0], "no finalists to download as pte" in absent[2]) == (1, True)
    assert nas("export", search, "--trial", "0", "--format", "pickle")[0] == 2


def test_the_best_finalist_is_compressed_by_a_preset_or_a_plan(nas, settings, tmp_path):
    search = made(nas)["id"]
    play(settings, search)
    (tmp_path / "plan.yaml").write_text("stages: [{name: entropy_coding}]\n")
    report = {"size_bytes": 7, "ratio": 2.5, "test_accuracy": 0.5, "test_accuracy_before": 0.6}

    def end_exports():
        with ledger_of(settings) as ledger:
            for _ in range(2):
                while (claim := ledger.claims.claim_export("the test")) is None:
                    time.sleep(0.01)
                store = ArtifactStore(settings.artifacts, ledger.artifacts)
                files = [File(kind, f"m.{kind}", "application/octet-stream", *store.add(MODEL)) for kind in KINDS]
                shown = {**report, "files": [asdict(file) for file in files], "stages": []}
                ledger.claims.end_export(claim.lease, "SUCCEEDED", file=files[0], others=files[1:], report=shown)

    worker = threading.Thread(target=end_exports)
    worker.start()
    preset = nas("export", search, "--compress", "mixed", "--max-bytes", "1.5k", "--out", "small")
    plan = nas("export", search, "--trial", "1", "--compress", "plan.yaml", "--json")
    worker.join()

    assert preset[:2] == (0, "small/m.naz\nsmall/m.unpacked\n")
    assert "7 bytes, 2.5 times smaller than in fp32. Test accuracy 50.00%, before 60.00%." in preset[2]
    assert json.loads(plan[1])["report"]["ratio"] == 2.5
    with ledger_of(settings) as ledger:
        (first,), (second,) = (ledger.exports.of(f"{search}.{trial}") for trial in (0, 1))
    assert first.compression == {"preset": "mixed", "max_bytes": 1500}
    assert second.compression == {"plan": {"stages": [{"name": "entropy_coding"}]}}


def test_the_latency_that_a_compression_keeps_is_told(nas, settings):
    search = made(nas)["id"]
    play(settings, search)
    device = "local-onnxruntime_cpu-int8-1t"
    latency = {"device": device, "floats_ms": 2, "integers_ms": 1, "summed_ms": 1.4, "max_latency_ms": 1.5}
    notes = {"latency": latency, "members": [{"member": 0, "floats": True}, {"member": 1, "floats": False}]}
    stage = {"name": "int8", "size_bytes": 7, "notes": notes}
    report = {"size_bytes": 7, "fp32_bytes": 14, "ratio": 2.0, "test_accuracy": 0.5, "test_accuracy_before": 0.6}
    report |= {"stages": [stage], "on_device": {"device": device, "latency_ms": 1.3}}

    def end_export():
        with ledger_of(settings) as ledger:
            while (claim := ledger.claims.claim_export("the test")) is None:
                time.sleep(0.01)
            store = ArtifactStore(settings.artifacts, ledger.artifacts)
            files = [File(kind, f"m.{kind}", "application/octet-stream", *store.add(MODEL)) for kind in KINDS]
            shown = {**report, "files": [asdict(file) for file in files]}
            ledger.claims.end_export(claim.lease, "SUCCEEDED", file=files[0], others=files[1:], report=shown)

    worker = threading.Thread(target=end_export)
    worker.start()
    options = ("--max-latency-ms", "1.5", "--latency-device", device)
    code, _, said = nas("export", search, "--compress", "int8", *options)
    worker.join()

    assert code == 0, said
    assert f"On {device} 1.3 ms measured end to end" in said
    assert "Blocks 0 stay in floats." in said
    with ledger_of(settings) as ledger:
        (export,) = ledger.exports.of(f"{search}.0")
    assert export.compression == {"preset": "int8", "max_latency_ms": 1.5, "latency_device": device}
    assert "--latency-device goes with --compress" in nas("export", search, "--latency-device", device)[2]


def _first(nas, search):
    trial = json.loads(nas("trials", search, "--json", "--limit", "1")[1])[0]
    return trial["architecture_id"], "SUCCEEDED"


def test_watching_a_search_that_fails_is_a_failure(nas, settings):
    search = made(nas)["id"]
    dispatcher = threading.Thread(target=play, args=(settings, search), kwargs={"end": "FAILED"})
    dispatcher.start()
    code, out, _ = nas("watch", search)
    dispatcher.join()

    assert (code, out.splitlines()[-1].split(None, 1)[1]) == (1, "FAILED: as the test says")
    assert nas("watch", search, "--json", "--after", "10000")[0] == 1


def test_a_search_is_drawn_on_a_terminal(nas, settings, monkeypatch):
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "120")
    search = made(nas)["id"]
    play(settings, search)

    code, out, _ = nas("watch", search)

    assert code == 0
    assert "4/4  1 failed" in out
    assert "best   trial 0  80.0%" in out
    assert "front  1 ms 70.0% " in out
    assert "█ 80.0% 2 ms" in out


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (("submit", "spec.yaml", "--label", "x"), "KEY=VALUE"),
        (("submit", "bad.yaml"), "max_trials"),
        (("show", "nothing"), "nas search list"),
        (("show", "srch_0"), "begin with"),
        (("export", "latest", "--epochs", "3"), "--trial"),
        (("export", "latest", "--input", "uint8"), "--trial"),
        (("export", "latest", "--compress", "int8", "--format", "pte"), "leave out --format pte"),
        (("export", "latest", "--max-bytes", "9k"), "--compress"),
        (("export", "latest", "--compress", "mixed", "--max-bytes", "9q"), "write 100k"),
        (("watch", "srch_" + "0" * 26), "NOT_FOUND"),
    ],
)
def test_wrong_input_is_2_and_says_what_to_do(nas, tmp_path, arguments, complaint):
    made(nas), made(nas)
    (tmp_path / "bad.yaml").write_text("dataset: fashion_mnist_mini\nmax_trials: -1\n")

    code, out, err = nas(*arguments)

    assert (code, out) == (2, "")
    assert complaint in err


def test_what_fails_in_the_service_is_1(nas, monkeypatch):
    search = made(nas)["id"]
    code, _, complaint = nas("export", search, "--json")
    assert (code, "--trial N" in complaint) == (1, True)

    monkeypatch.setattr("api.commands.remote.PATIENCE_S", 0)
    code, out, complaint = nas("list", "--url", "http://127.0.0.1:9")
    assert (code, out) == (1, "")
    assert "nas serve" in complaint


def test_an_interrupted_watch_is_130_and_the_search_goes_on(nas, settings, url):
    search = made(nas)["id"]
    with ledger_of(settings) as ledger:
        take(ledger, search)
        watching = subprocess.Popen(
            [NAS, "search", "watch", search], stdout=subprocess.PIPE, env={**os.environ, "NAS_URL": url}
        )
        assert watching.stdout.readline()
        watching.send_signal(signal.SIGINT)
        watching.stdout.close()

        assert watching.wait(PATIENCE_S) == 130
        assert ledger.searches.get(search).state == "RUNNING"


def test_an_export_of_one_trial_that_fails(nas, settings):
    search = made(nas)["id"]
    with ledger_of(settings) as ledger:
        owner = take(ledger, search)
        ask(owner, 0)
        tell(owner, 0)
        owner.end("SUCCEEDED")
    dispatcher = threading.Thread(target=_refuse_export, args=(settings,))
    dispatcher.start()

    code, _, complaint = nas("export", search, "--trial", "0")
    dispatcher.join()

    assert (code, "no memory" in complaint) == (1, True)


def _refuse_export(settings):
    """Fail the next export that is asked for."""
    with ledger_of(settings) as ledger:
        while (claim := ledger.claims.claim_export("the test")) is None:
            time.sleep(0.01)
        ledger.claims.end_export(claim.lease, "FAILED", reason="no memory")
