"""What cleaning removes and what it keeps, while other processes work, and when it is killed at any step."""

import os
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from threading import Event

import pytest
from ledger_steps import SPEC, asked, carry_out, claimed, told
from sqlalchemy import select, update

from nas.errors import SpecError
from nas.jobs import searches, tables
from nas.jobs.artifacts import Artifacts
from nas.jobs.errors import NotFoundError
from nas.jobs.ledger import Ledger
from nas.jobs.records import File, Idempotency, TrainingKey, UploadUse
from nas.jobs.searches import Searches
from nas.service import cleaning
from nas.service.artifact_store import ArtifactStore, stored
from nas.service.cleaning import Cleaned
from nas.service.data_root import resolve_path
from nas.service.set_aside import set_aside
from nas.service.settings import Settings
from nas.service.upload_removal import remove_upload

TRAINING = TrainingKey("a" * 16, "data", "recipe", 0, 1)
DAYS = timedelta(days=1)


@pytest.fixture
def settings(tmp_path, ledger_url):
    return Settings(home=tmp_path / "home", database_url=ledger_url)


@pytest.fixture
def store(settings, ledger):
    return ArtifactStore(settings.artifacts, ledger.artifacts)


def clean(ledger, settings, stop=None):
    return cleaning.clean(ledger, settings, stop or Event())


def attach(owner, store, content, name="report.html"):
    sha256, size_bytes = store.add(content)
    owner.attach("report", name, "text/html", sha256, size_bytes)
    return sha256


def deleted(ledger, store, *contents, name="deleted", **about):
    """A search with such files that has ended and is deleted."""
    search, owner = claimed(ledger, name=name, **about)
    for index, content in enumerate(contents):
        attach(owner, store, content, f"file-{index}")
    owner.end("SUCCEEDED")
    ledger.searches.delete(search.id)
    return search


def let_pass(ledger, days):
    """Set the ledger back by so many days: all that happened was so much earlier."""
    with ledger.database.writing() as connection:
        for table, names in (
            (tables.search, ("created_at", "ended_at", "deleted_at")),
            (tables.artifact, ("created_at",)),
            (tables.idempotency, ("created_at",)),
            (tables.export, ("lease_until",)),
            (tables.training, ("created_at", "used_at")),
        ):
            for row in connection.execute(select(table)).mappings().all():
                earlier = {name: row[name] and row[name] - days * DAYS for name in names}
                key = [column == row[column.name] for column in table.primary_key]
                connection.execute(update(table).where(*key).values(**earlier))


def digests(store):
    return {sha256 for sha256, _ in stored(store.folder)}


def recorded(ledger):
    with ledger.database.reading() as connection:
        return set(connection.scalars(select(tables.artifact.c.sha256)))


def test_a_deleted_search_is_purged_after_the_time_that_is_set(ledger, settings, store):
    key = Idempotency("key", "user", "digest")
    search = deleted(ledger, store, b"of the search")
    submitted, _ = ledger.searches.submit(SPEC, name="with a key", idempotency=key)
    ledger.searches.request(submitted.id, "cancel")
    ledger.searches.delete(submitted.id)

    let_pass(ledger, 29)
    assert clean(ledger, settings) == Cleaned()
    assert ledger.searches.undelete(search.id).id == search.id
    ledger.searches.delete(search.id)
    let_pass(ledger, 1.5)
    assert clean(ledger, settings) == Cleaned(searches=1)
    assert ledger.searches.get(search.id, deleted=True).id == search.id
    with pytest.raises(NotFoundError):
        ledger.searches.undelete(submitted.id)
    assert ledger.searches.submit(SPEC, name="again", idempotency=key)[1]

    let_pass(ledger, 29)
    assert clean(ledger, settings) == Cleaned(searches=1, artifacts=1)
    for read in (ledger.searches.get, ledger.searches.undelete, ledger.searches.delete):
        with pytest.raises(NotFoundError):
            read(search.id)
    assert ledger.events.after(search.id) == []
    assert (digests(store), recorded(ledger)) == (set(), set())


def test_no_days_keep_deleted_searches_for_ever(ledger, settings, store):
    search = deleted(ledger, store, b"content")
    let_pass(ledger, 10_000)
    assert clean(ledger, settings.model_copy(update={"keep_deleted_days": 0})) == Cleaned()
    assert ledger.searches.undelete(search.id).deleted_at is None


def test_an_artifact_goes_with_the_last_search_that_has_it(ledger, settings, store):
    for name in ("first", "second"):
        deleted(ledger, store, b"of both", f"only the {name}'s".encode(), name=name)
        let_pass(ledger, 20)
    assert len(digests(store)) == 3

    assert clean(ledger, settings) == Cleaned(searches=1, artifacts=1)
    assert len(digests(store)) == 2
    let_pass(ledger, 20)
    assert clean(ledger, settings) == Cleaned(searches=1, artifacts=2)
    assert (digests(store), recorded(ledger)) == (set(), set())


def test_an_artifact_of_an_export_or_a_finished_training_stays(ledger, settings, store):
    model, _ = store.add(b"the model that a training made")
    ledger.trainings.put(TRAINING, {"accuracy": 0.5, "model": model})
    exported, size_bytes = store.add(b"an export")
    search, owner = claimed(ledger)
    carry_out(owner, 0)
    ledger.exports.request(f"{search.id}.0", "onnx", None)
    claim = ledger.claims.claim_export("one")
    file = File("onnx", "model.onnx", "application/octet-stream", exported, size_bytes)
    ledger.claims.end_export(claim.lease, "SUCCEEDED", file=file)
    attach(owner, store, b"another file in its place", "model.onnx")
    owner.end("SUCCEEDED")
    deleted(ledger, store, b"the model that a training made", name="reused it")

    let_pass(ledger, 31)
    assert clean(ledger, settings) == Cleaned(searches=1)
    assert {model, exported} < digests(store)


def test_content_that_was_added_within_a_day_stays(ledger, settings, store):
    """Its reference may be under way."""
    old, _ = store.add(b"added again")
    gone, _ = store.add(b"never referred to")
    let_pass(ledger, 2)
    store.add(b"added again")

    assert clean(ledger, settings) == Cleaned(artifacts=1)
    assert digests(store) == {old}
    assert gone not in recorded(ledger)


def test_content_that_is_added_while_it_is_removed_is_there_afterwards(ledger, settings, store):
    """An add waits for the removal, or the removal sees the add."""
    search, owner = claimed(ledger)
    with ThreadPoolExecutor(2) as pool:
        for number in range(20):
            content = f"content {number}".encode()
            store.add(content)
            let_pass(ledger, 2)
            adding = pool.submit(attach, owner, store, content, f"{number}")
            cleaning = pool.submit(clean, ledger, settings)
            sha256 = adding.result()
            cleaning.result()
            assert store.path(sha256).read_bytes() == content
    assert len(ledger.artifacts.links(search.id)) == 20


def test_a_file_that_another_ledger_has_is_not_touched(ledger, settings, store, tmp_path):
    """As when a dispatcher is started with the wrong database."""
    deleted(ledger, store, b"content")
    (settings.scratch / "srch_of_the_other").mkdir(parents=True)
    other = Ledger(f"sqlite:///{tmp_path / 'other.db'}")
    other.migrate()
    assert clean(other, settings) == Cleaned()
    other.close()
    assert len(digests(store)) == 1
    assert [*settings.scratch.iterdir()] == [settings.scratch / "srch_of_the_other"]


class KilledError(Exception):
    """The process ended here."""


def test_a_large_search_is_purged_in_parts_and_goes_on_after_an_interruption(ledger, settings, store, monkeypatch):
    search, owner = claimed(ledger)
    carry_out(owner, 0)
    owner.epochs([(0, epoch, {"accuracy": 0.5}) for epoch in range(30)])
    owner.log([(0, "text")] * 30)
    attach(owner, store, b"content")
    owner.end("SUCCEEDED")
    ledger.searches.delete(search.id)
    let_pass(ledger, 31)
    monkeypatch.setattr("nas.jobs.searches._PARTS", [(column, 7) for column, _ in searches._PARTS])
    purge_part, parts = Searches.purge_part, []

    def interrupted(*arguments):
        parts.append(1)
        if len(parts) == 3:
            raise KilledError
        return purge_part(*arguments)

    monkeypatch.setattr(Searches, "purge_part", interrupted)
    with suppress(KilledError):
        clean(ledger, settings)
    assert 0 < len(ledger.trials.search_log(search.id)) <= 30
    with pytest.raises(NotFoundError):
        ledger.searches.undelete(search.id)
    assert clean(ledger, settings) == Cleaned(searches=1, artifacts=1)
    assert len(parts) > 10
    with ledger.database.reading() as connection:
        left = [name for name, table in tables.metadata.tables.items() if connection.execute(select(table)).all()]
    assert left == []


@pytest.mark.parametrize("step", ["purge", "remove before", "remove after", "add"])
def test_a_process_killed_between_steps_leaves_all_to_the_next(ledger, settings, store, monkeypatch, step):
    shared = store.add(b"of both")[0]
    _, owner = claimed(ledger)
    attach(owner, store, b"of both")
    search = deleted(ledger, store, b"of both", b"its own", name="second")
    (settings.scratch / search.id).mkdir(parents=True)
    let_pass(ledger, 31)
    remove = ArtifactStore.remove

    def killed(*arguments):
        if step == "remove after":
            remove(*arguments)
        raise KilledError

    with monkeypatch.context() as patch:
        if step == "purge":
            patch.setattr(Artifacts, "unreferenced", killed)
        elif step == "add":
            patch.setattr(ArtifactStore, "_take", killed)
            with suppress(KilledError):
                store.add(b"half added")
        else:
            patch.setattr(ArtifactStore, "remove", killed)
        with suppress(KilledError):
            clean(ledger, settings)
    let_pass(ledger, 2)
    clean(ledger, settings)

    assert store.path(shared).read_bytes() == b"of both"
    assert (digests(store), recorded(ledger)) == ({shared}, {shared})
    assert [*settings.scratch.iterdir()] == []


def test_several_processes_clean_at_once(ledger, ledger_url, settings, store):
    _, owner = claimed(ledger)
    for number in range(4):
        deleted(ledger, store, b"of all", f"of {number}".encode(), name=f"{number}", owner=f"owner {number}")
    kept = attach(owner, store, b"of all")
    let_pass(ledger, 31)
    ledgers = [Ledger(ledger_url) for _ in range(3)]
    with ThreadPoolExecutor(3) as pool:
        done = list(pool.map(lambda opened: clean(opened, settings), ledgers))
    for opened in ledgers:
        opened.close()
    assert (sum(one.searches for one in done), sum(one.artifacts for one in done)) == (4, 4)
    assert digests(store) == {kept}


def test_a_search_that_is_undeleted_meanwhile_is_not_purged(ledger, settings, store):
    search = deleted(ledger, store, b"content")
    let_pass(ledger, 31)
    with ThreadPoolExecutor(1) as pool:
        with ledger.searches.purging(30 * DAYS) as found:
            assert found == search.id
            undeleting = pool.submit(ledger.searches.undelete, search.id)
        with pytest.raises(NotFoundError):
            undeleting.result()
    clean(ledger, settings)
    another = deleted(ledger, store, b"content")
    let_pass(ledger, 31)
    ledger.searches.undelete(another.id)
    assert clean(ledger, settings).searches == 0
    assert ledger.searches.get(another.id).id == another.id


def uploaded(settings, digest, days_ago):
    folder = settings.uploads / digest
    (folder / "cat").mkdir(parents=True)
    at = time.time() - days_ago * DAYS.total_seconds()
    os.utime(folder, (at, at))
    return folder


def test_an_upload_goes_once_its_time_is_over_and_no_search_names_it(ledger, settings):
    """Also not one that is deleted, while it can be undeleted."""
    folders = [
        uploaded(settings, char * 64, days_ago) for char, days_ago in zip("abcde", (80, *[100] * 4), strict=True)
    ]
    other = uploaded(settings, "mine", 1000)
    for char, path in (("c", "uploads/{}"), ("d", "./uploads/{}/"), ("e", "uploads//{}/train")):
        spec = {**SPEC, "dataset": {"name": "folder", "path": path.format(char * 64)}}
        search, owner = claimed(ledger, spec=spec)
        owner.end("SUCCEEDED")
    ledger.searches.delete(search.id)

    assert clean(ledger, settings.model_copy(update={"keep_uploads_days": 0})) == Cleaned()
    assert clean(ledger, settings) == Cleaned(uploads=1)
    assert {*settings.uploads.iterdir()} == {*folders, other} - {folders[1]}

    let_pass(ledger, 31)
    assert clean(ledger, settings) == Cleaned(searches=1, uploads=1)
    assert {*settings.uploads.iterdir()} == {folders[0], *folders[2:4], other}


def test_a_search_that_names_an_upload_while_it_is_removed_is_refused(ledger, settings):
    """Its submission waits for the removal; one that came before it keeps the upload."""
    folder = uploaded(settings, "a" * 64, 100)
    spec = {**SPEC, "dataset": {"name": "folder", "path": f"uploads/{folder.name}"}}
    late = {**SPEC, "dataset": {**spec["dataset"], "size": 32}}

    def submit():
        return ledger.searches.submit(
            late, name="late", confirm=lambda: resolve_path(late["dataset"], settings.data_root)
        )

    with ThreadPoolExecutor(1) as pool:
        with ledger.uploads.uses(folder.name) as use:
            assert use == UploadUse(named=False, open=())
            submitting = pool.submit(submit)
            set_aside(folder)
        with pytest.raises(SpecError, match="there is no such folder"):
            submitting.result()
    assert ledger.searches.page() == []

    folder = uploaded(settings, "a" * 64, 100)
    early, _ = ledger.searches.submit(spec, name="early")
    assert remove_upload(ledger, settings.uploads, folder.name) == (early.id,)
    assert clean(ledger, settings) == Cleaned()
    assert folder.is_dir()


def test_a_training_that_no_search_uses_again_goes_with_its_model(ledger, settings, store):
    used, unused = TRAINING, replace(TRAINING, seed=1)
    for key, content in ((used, b"used"), (unused, b"unused")):
        ledger.trainings.put(key, {"accuracy": 0.5, "model": store.add(content)[0]})
    let_pass(ledger, 60)
    assert ledger.trainings.get(used)["accuracy"] == 0.5
    let_pass(ledger, 60)

    assert clean(ledger, settings.model_copy(update={"keep_trainings_days": 0})) == Cleaned()
    assert clean(ledger, settings) == Cleaned(trainings=1, artifacts=1)
    assert (ledger.trainings.get(unused), len(digests(store))) == (None, 1)
    let_pass(ledger, 91)
    assert clean(ledger, settings) == Cleaned(trainings=1, artifacts=1)


def test_scratch_folders_go_after_the_end_unless_an_export_needs_them(ledger, settings):
    ended, owner = claimed(ledger, "ended")
    carry_out(owner, 0)
    owner.end("SUCCEEDED")
    exporting, owner = claimed(ledger, "exporting")
    carry_out(owner, 0)
    owner.end("SUCCEEDED")
    running, owner = claimed(ledger, "running")
    owner.add(asked(0))
    folders = {name: settings.scratch / search.id for name, search in locals().items() if hasattr(search, "spec")}
    for folder in folders.values():
        (folder / "checkpoints").mkdir(parents=True)
    export, _ = ledger.exports.request(f"{exporting.id}.0", "onnx", None)
    assert clean(ledger, settings) == Cleaned()

    let_pass(ledger, 2)
    assert clean(ledger, settings) == Cleaned(scratch_folders=1)
    assert {*settings.scratch.iterdir()} == {folders["exporting"], folders["running"]}
    claim = ledger.claims.claim_export("one")
    assert claim.export.id == export.id
    assert clean(ledger, settings) == Cleaned()
    ledger.claims.end_export(claim.lease, "FAILED", reason="the test's")
    assert clean(ledger, settings) == Cleaned(scratch_folders=1)
    assert ended.id != running.id
    owner.started(0, "worker")
    owner.told(told(0))


def test_a_deleted_search_waits_for_an_export_that_is_under_way_to_be_purged(ledger, settings):
    search, owner = claimed(ledger)
    carry_out(owner, 0)
    owner.end("SUCCEEDED")
    ledger.exports.request(f"{search.id}.0", "onnx", None)
    claim = ledger.claims.claim_export("one")
    ledger.searches.delete(search.id)
    let_pass(ledger, 31)
    ledger.claims.renew_export(claim.lease)
    assert clean(ledger, settings) == Cleaned()
    ledger.claims.renew_export(claim.lease, lease_s=-1)  # its dispatcher died
    assert clean(ledger, settings) == Cleaned(searches=1)


def test_what_killed_processes_left_of_a_file_goes_after_a_day(ledger, settings, store):
    store.folder.mkdir(parents=True)
    parts = [store.folder / f".new.{name}" for name in ("old", "young")]
    for part in parts:
        part.write_bytes(b"half a fi")
    os.utime(parts[0], (0, 0))
    clean(ledger, settings)
    assert [*store.folder.iterdir()] == [parts[1]]
    assert store.add(b"content")[1] == 7


def test_cleaning_ends_early_when_it_is_stopped(ledger, settings, store):
    deleted(ledger, store, b"content")
    let_pass(ledger, 31)
    stop = Event()
    stop.set()
    assert clean(ledger, settings, stop) == Cleaned()
    assert clean(ledger, settings) == Cleaned(searches=1, artifacts=1)
