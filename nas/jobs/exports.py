"""Requests and reads exports."""

from typing import Any

from sqlalchemy import insert, select

from nas.jobs import tables
from nas.jobs.errors import NotFoundError, StateError
from nas.jobs.records import ExportRecord, Json
from nas.jobs.rows import LedgerPart, read_export, trial_key
from nas.jobs.search_transaction import SearchTransaction, search_transaction
from nas.jobs.states import ExportState, TrialState
from nas.sql.ids import new_id, split_trial_id

_export = tables.export.c


class Exports(LedgerPart):
    def request(
        self,
        trial_id: str,
        export_format: str,
        epochs: int | None,
        model_input: str | None = None,
        *,
        compression: Json | None = None,
    ) -> tuple[ExportRecord, bool]:
        """A new export of the trial's network and True; or, if the same export was requested before and has not failed,
        that one and False.

        NotFoundError if there is no such trial; StateError unless it succeeded.
        """
        search_id, number = trial_key(trial_id)
        trial = tables.trial.c
        with search_transaction(self._database, search_id) as transaction:
            state = transaction.connection.scalar(
                select(trial.state).where(trial.search_id == search_id, trial.number == number)
            )
            if state is None:
                raise NotFoundError(f"no trial {trial_id}")
            if state != TrialState.SUCCEEDED:
                raise StateError(f"trial {trial_id} is {state}: only a trial that succeeded can be exported")
            same = select(tables.export).where(
                _export.search_id == search_id,
                _export.number == number,
                _export.format == export_format,
                _export.epochs.is_not_distinct_from(epochs),
                _export.input.is_not_distinct_from(model_input),
                _export.compression.is_not_distinct_from(compression),
                _export.state != ExportState.FAILED.value,
            )
            known = transaction.connection.execute(same).one_or_none()
            if known is not None:
                return read_export(known), False
            export_id = new_id("exp")
            what: dict[str, Any] = {"id": export_id, "search_id": search_id, "number": number, "format": export_format}
            what |= {
                "epochs": epochs,
                "input": model_input,
                "compression": compression,
                "state": ExportState.QUEUED.value,
                "created_at": transaction.at,
            }
            transaction.connection.execute(insert(tables.export).values(**what, metrics={}))
            made = read_export(transaction.connection.execute(same).one())
            export_event(transaction, made)
            return made, True

    def get(self, export_id: str) -> ExportRecord:
        """NotFoundError if there is no such export."""
        return read_export(self._one(select(tables.export).where(_export.id == export_id), f"export {export_id}"))

    def of(self, trial_id: str) -> list[ExportRecord]:
        """The trial's exports, the oldest first."""
        key = split_trial_id(trial_id)
        if key is None:
            return []
        wanted = select(tables.export).where(_export.search_id == key[0], _export.number == key[1])
        return [read_export(found) for found in self._all(wanted.order_by(_export.created_at, _export.id))]


def export_event(transaction: SearchTransaction, export: ExportRecord) -> None:
    """Add the event of an export's new state. compression: whether it is one of a compressed file."""
    more = {"compression": True} if export.compression else {}
    transaction.event("export.state", id=export.id, trial=export.trial_id, state=export.state.value, **more)
