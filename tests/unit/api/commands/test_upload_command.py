"""`nas data uploads` and `nas data delete` against a real service."""

import json

from click.testing import CliRunner
from live_service import SPEC, ledger_of, service_on

from api.client import Client
from api.commands.upload import delete, uploads
from nas.errors import NasError
from nas.service.settings import Settings


def submitted(settings, path):
    """The id of a search that names the upload; over REST its images would be examined."""
    with ledger_of(settings) as ledger:
        return ledger.searches.submit({**SPEC, "dataset": {"name": "folder", "path": path}}, name="it")[0].id


def test_uploads_are_listed_and_deleted_unless_a_search_uses_them(service_home):
    settings = Settings(home=service_home, open=True)
    folder = settings.uploads / ("a" * 64)
    folder.mkdir(parents=True)
    facts = {"classes": ["cat", "dog"], "images": 12, "parts": {}, "sizes": {"min": 8, "max": 8}, "ignored": 0}
    path = f"uploads/{folder.name}"
    (folder / "upload.json").write_text(json.dumps({"name": "folder", "path": path, **facts}))
    with service_on(settings) as url, Client(url) as client:

        def run(command, *arguments):
            return CliRunner().invoke(command, [*arguments, "--url", url])

        assert path in run(uploads).output
        assert json.loads(run(uploads, "--json").output)[0]["images"] == 12
        assert client.disk()["sizes_bytes"]["uploads"] > 0
        search = client.search(submitted(settings, path))
        refused = run(delete, path)
        assert isinstance(refused.exception, NasError)
        assert search.id in str(refused.exception)
        search.cancel()
        assert run(delete, path).output == f"{path}  deleted\n"
        assert client.uploads() == []
