"""Files that users write are mappings in YAML or JSON, and what is wrong with one is said."""

import pytest

from nas.errors import SpecError
from nas.mapping_file import read_mapping


@pytest.mark.parametrize(
    ("name", "text"), [("a.yaml", "b: [1, 2]"), ("a.json", '{\n\t"b": [1, 2]\n}'), ("a", "{b: [1, 2]}")]
)
def test_a_mapping_is_read_from_yaml_and_from_json(tmp_path, name, text):
    """JSON may be indented by tabs, which YAML does not allow."""
    (tmp_path / name).write_text(text)

    assert read_mapping(tmp_path / name) == {"b": [1, 2]}


@pytest.mark.parametrize(
    ("name", "content", "fault"),
    [
        ("a.yaml", b"b: [", "is not YAML"),
        ("a.json", b"b: 1", "is not JSON"),
        ("a.yaml", b"\xff", "is not YAML"),
        ("a.yaml", b"- b", "it holds list, not a mapping"),
        ("a.json", b"", "is not JSON"),
    ],
)
def test_a_file_without_a_mapping_is_named(tmp_path, name, content, fault):
    (tmp_path / name).write_bytes(content)

    with pytest.raises(SpecError, match=rf"{name}:? {fault}"):
        read_mapping(tmp_path / name)


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(SpecError, match=r"none\.yaml cannot be read"):
        read_mapping(tmp_path / "none.yaml")
