"""Each published format is read from a small file in it; all numbers are invented."""

import pytest

from latency_db.errors import TableFormatError
from latency_db.exchange.importer import Origin, importer
from latency_db.exchange.table import RowKind

OFA = """\
Conv-input:32x32x3-output:16x16x8:
  mean: 1500.0
  std: 20.0
  count: 50
expanded_conv-input:16x16x8-output:8x8x16-expand:24-kernel:3-stride:2-idskip:0-se:1-hs:0:
  mean: 800.0
  count: 40
"""
AIHUB = """\
precisions:
  float:
    components:
      Net:
        performance_metrics:
          Invented Phone:
            tflite:
              inference_time_milliseconds: 1.25
              primary_compute_unit: NPU
            onnx:
              inference_time_milliseconds: null
"""
NCNN = """\
### Invented Board
```
loop_count = 4
num_threads = 2
          tinynet  min =    1.00  max =    1.50  avg =    1.20
```
"""
COLUMNS = "arch,feature:op,feature:macs,phone,board\ncell0,conv,10,1.5,\ncell1,pool,20,2.5,3.5\n"
DICTIONARY = '{"mb3": {"8": 1.0, "16": 2.0}, "skip": {"8": 0.5}}'
TEXTS = {
    "ofa_yaml": OFA,
    "aihub_perf": AIHUB,
    "ncnn_list": NCNN,
    "device_columns": COLUMNS,
    "block_dictionary": DICTIONARY,
}
BROKEN = {
    "ofa_yaml": (OFA.replace("800.0", "fast"), "line 6"),
    "aihub_perf": (AIHUB.replace("1.25", "fast"), "line 8"),
    "ncnn_list": (NCNN.replace("max", "mix"), "line 5"),
    "device_columns": (COLUMNS.replace("2.5,3.5", "2.5"), "line 3"),
    "block_dictionary": (DICTIONARY.replace("2.0", '"fast"'), "mb3/16"),
}


def origin(**said):
    return Origin(**{"source": "invented", "licence": "CC0", "unit": "ms", "statistic": "mean", "device": "d", **said})


def read(tmp_path, name, text, **said):
    (tmp_path / "file").write_text(text, encoding="utf-8")
    return importer.make(name).read(tmp_path / "file", origin(**said))


@pytest.mark.parametrize("name", list(importer))
def test_every_format_is_read_with_its_provenance(tmp_path, name):
    table = read(tmp_path, name, TEXTS[name], commit="0a1b")
    assert table.rows
    assert all(row.latency_ms > 0 for row in table.rows)
    assert (table.provenance.source, table.provenance.licence, table.provenance.commit) == ("invented", "CC0", "0a1b")


@pytest.mark.parametrize("name", list(importer))
def test_a_damaged_file_is_refused_with_its_line(tmp_path, name):
    text, place = BROKEN[name]
    with pytest.raises(TableFormatError, match=place):
        read(tmp_path, name, text)


@pytest.mark.parametrize("name", list(importer))
def test_an_empty_file_and_a_pickle_are_refused(tmp_path, name):
    with pytest.raises(TableFormatError):
        read(tmp_path, name, "")
    (tmp_path / "pickle").write_bytes(b"\x80\x04\x95\xff\xff.")
    with pytest.raises(TableFormatError, match="pickles are not read"):
        importer.make(name).read(tmp_path / "pickle", origin())


@pytest.mark.parametrize("said", [{"unit": ""}, {"unit": "minutes"}, {"licence": " "}, {"source": ""}])
def test_unit_source_and_licence_are_required(said):
    with pytest.raises(TableFormatError, match=next(iter(said))):
        origin(**said)


def test_ofa_times_become_ms_and_keys_become_features(tmp_path):
    first, second = read(tmp_path, "ofa_yaml", OFA, unit="us").rows
    assert (first.latency_ms, first.std_ms, first.n, first.kind) == (1.5, 0.02, 50, RowKind.BLOCK)
    assert first.features["macs"] == 16 * 16 * 3 * 8 * 9
    assert second.std_ms is None
    assert second.features["macs"] == 16 * 16 * 8 * 24 + 8 * 8 * 24 * (9 + 16)


def test_aihub_jobs_without_a_time_are_left_out_and_other_units_refused(tmp_path):
    (row,) = read(tmp_path, "aihub_perf", AIHUB).rows
    assert (row.key, row.device, row.latency_ms) == ("Net|float|tflite", "Invented Phone", 1.25)
    with pytest.raises(TableFormatError, match="give ms"):
        read(tmp_path, "aihub_perf", AIHUB, unit="us")


def test_ncnn_settings_belong_to_the_device(tmp_path):
    (row,) = read(tmp_path, "ncnn_list", NCNN).rows
    assert (row.device, row.n, row.latency_ms) == ("Invented Board num_threads=2", 4, 1.2)
    assert row.statistics == {"min_ms": 1.0, "max_ms": 1.5}


def test_an_empty_cell_is_left_out(tmp_path):
    table = read(tmp_path, "device_columns", COLUMNS)
    assert [(row.key, row.device, row.latency_ms) for row in table.rows] == [
        ("cell0", "phone", 1.5),
        ("cell1", "phone", 2.5),
        ("cell1", "board", 3.5),
    ]
    assert table.rows[0].features == {"op": "conv", "macs": 10.0}


def test_formats_without_device_names_require_one(tmp_path):
    with pytest.raises(TableFormatError, match="give the one that was measured"):
        read(tmp_path, "ofa_yaml", OFA, device=None)
