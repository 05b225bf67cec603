"""Damaged problem files: the error names the file, the key, and what to do."""

import json
import re

import numpy as np
import pyarrow as pa
import pytest
from problem_files import DECISIONS, surrogate_arrays, write_surrogate, write_table
from pyarrow import parquet

from nas.errors import DataError, SpecError
from nas.tabular.problem import load_problem

COLUMN = {"model": "column", "column": "accuracy"}
TABLE = {"file": "tiny.parquet", "rows": 156, "decision_columns": ["o_k1", "o_k2", "o_k3", "o_width", "o_depth"]}
SURROGATE = {"file": "model.npz", "inputs": 18, "encoding": [["k1"], ["k2", "width"], ["depth"]]}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"format": "nas-search-problem/2"}, "table.format: give 'nas-search-problem/1'"),
        ({"kind": "oracle"}, "Input tag 'oracle' found using 'kind' does not match any of the expected tags"),
        ({"latency": None}, "table.latency: it is required"),
        ({"latency": COLUMN | {"model": "linear"}}, "table.latency.model: give 'column'"),
        ({"decisions": [*DECISIONS, DECISIONS[0]]}, "decisions: two have the same name"),
        ({"decisions": [{"name": "k", "options": []}]}, "table.decisions.0.options: "),
        ({"decisions": [{"name": "k", "options": [3, 3]}]}, "decisions.k.options: two are equal"),
        ({"features": [COLUMN | {"name": "accuracy"}]}, "features: each needs a name of its own"),
        ({"features": [COLUMN]}, "features: each needs a name of its own"),
        ({"front_hypervolume": 0}, "table.front_hypervolume: give more than 0"),
        ({"table": TABLE | {"file": "../tiny.parquet"}}, "'../tiny.parquet' is not the name of a file in the same"),
        ({"table": TABLE | {"file": "gone.parquet"}}, "gone.parquet cannot be read: No such file or directory; put it"),
    ],
)
def test_a_key_of_the_file(tmp_path, changes, message):
    path = write_table(tmp_path, **changes)

    with pytest.raises(SpecError, match=f"^{re.escape(str(path))}: .*{re.escape(message)}.*"):
        load_problem(path)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"table": TABLE | {"rows": 155}}, "it has 156 rows, not 155 as table.rows says"),
        ({"table": TABLE | {"decision_columns": ["o_k1"]}}, "1 decision_columns do not fit a table of 5 decisions"),
        ({"latency": COLUMN | {"column": "ms"}}, "no column 'ms'; there are: o_k1, o_k2"),
        ({"latency": COLUMN | {"column": "words"}}, "column 'words' does not hold numbers, but string"),
        ({"latency": COLUMN | {"column": "gaps"}}, "column 'gaps' has no finite value in 1 of its rows; fill them"),
        ({"table": TABLE | {"decision_columns": ["latency", *TABLE["decision_columns"][1:]]}}, "indices of 3 options"),
        ({"table": TABLE | {"decision_columns": ["none", *TABLE["decision_columns"][1:]]}}, "two rows are the same"),
        ({"decisions": [*DECISIONS[:3], {"name": "w", "options": list("abcde")}, DECISIONS[4]]}, "156 of 195 networks"),
    ],
)
def test_a_table(tmp_path, changes, message):
    path = write_table(tmp_path, **changes)
    table = parquet.read_table(tmp_path / "tiny.parquet")
    table = table.append_column("words", pa.array(["text"] * 156)).append_column("none", pa.array([0] * 156))
    parquet.write_table(table.append_column("gaps", pa.array([None, *[1.0] * 155])), tmp_path / "tiny.parquet")

    with pytest.raises(DataError, match=f"^{re.escape(str(tmp_path / 'tiny.parquet'))}: .*{re.escape(message)}"):
        load_problem(path)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"acc.hidden2.bias": None}, "no array 'acc.hidden2.bias'; there are: acc.hidden1.bias"),
        ({"lat.weight": np.ones(17)}, "lat.weight has the shape (17,), not (18,) as the problem file says"),
        ({"acc.output.weight": np.ones((2, 1, 6))}, "acc.output.weight has the shape (2, 1, 6), not (2, 1, 5)"),
        ({"lat.weight": np.full(18, np.nan)}, "lat.weight has values that are not finite numbers"),
        ({"lat.weight": np.array([object()])}, "not a readable .npz archive of plain arrays"),
    ],
)
def test_an_array(tmp_path, changes, message):
    path = write_surrogate(tmp_path)
    arrays = {name: array for name, array in (surrogate_arrays() | changes).items() if array is not None}
    np.savez(tmp_path / "model.npz", **arrays)

    with pytest.raises(DataError, match=f"^{re.escape(str(tmp_path / 'model.npz'))}: .*{re.escape(message)}"):
        load_problem(path)


@pytest.mark.parametrize(("write", "name"), [(write_table, "tiny.parquet"), (write_surrogate, "model.npz")])
@pytest.mark.parametrize("content", [b"", b"no table", "half"])
def test_data_that_is_cut_or_not_there(tmp_path, write, name, content):
    path, data = write(tmp_path), tmp_path / name
    data.write_bytes(data.read_bytes()[:-300] if content == "half" else content)

    with pytest.raises(DataError, match=f"{re.escape(name)}: not a readable .*(copy or write)"):
        load_problem(path)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"surrogate": SURROGATE | {"inputs": 19}}, "surrogate.inputs: 19, but the encoding has 18"),
        ({"surrogate": SURROGATE | {"encoding": [["k9"]]}}, "surrogate.encoding: no decision named 'k9'"),
    ],
)
def test_an_encoding(tmp_path, changes, message):
    path = write_surrogate(tmp_path, **changes)

    with pytest.raises(SpecError, match=f"^{re.escape(str(path))}: {re.escape(message)}"):
        load_problem(path)


def test_a_file_that_is_no_problem(tmp_path):
    (tmp_path / "list.json").write_text(json.dumps([1]), encoding="utf-8")

    with pytest.raises(SpecError, match=r"list\.json: it holds list, not a mapping"):
        load_problem(tmp_path / "list.json")
