"""`nas data uploads` and `nas data delete`: the data sets that were uploaded to a service."""

import click

from api.commands.remote import Remote, remote
from api.commands.tables import table

COLUMNS = ("path", "images", "classes")


@click.command()
@remote
def uploads(service: Remote) -> None:
    """List the data sets that were uploaded to the service."""
    found = service.client.uploads()
    rows = ((upload["path"], upload["images"], len(upload["classes"])) for upload in found)
    service.show(found, lambda: table(COLUMNS, rows))


@click.command()
@click.argument("path")
@remote
def delete(service: Remote, path: str) -> None:
    """Remove the uploaded data set at PATH from the service, unless a search that is not finished uses it.

    PATH is uploads/..., as a spec has it. The images are removed for good.
    """
    service.client.delete_upload(path)
    service.show({"path": path, "deleted": True}, f"{path}  deleted")
