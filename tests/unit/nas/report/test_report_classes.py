"""The section of a report on the best finalist's classes."""

import numpy as np
from report_record import HOSTILE, record

from nas.report import report_html
from nas.statistics.by_class import by_class


def with_classes(found, in_train=0):
    """The record, with what its finalists found in ten test images of these classes."""
    made = record()
    labels = np.array([0] * 7 + [1] * 3)
    classes = made["dataset"]["classes"]
    result = by_class(labels, np.array(found), np.arange(10) < in_train, classes)
    for finalist in made["finalists"]:
        finalist["by_class"] = {"validation": result, "test": result}
    return made


def test_recalls_and_mistakes_are_shown():
    html = report_html(with_classes([0] * 6 + [2] + [1, 1, 0], in_train=2))

    assert "balanced accuracy (the mean of the classes" in html
    assert "no test image" in html
    assert "2 of the images also lie in train" in html
    assert "Confusion matrix" in html
    assert "Most often taken for another" in html
    assert HOSTILE not in html


def test_an_accuracy_that_tells_little_is_told():
    assert "Mind that an accuracy of 70" in report_html(with_classes([0] * 10))


def test_records_from_before_have_no_such_section():
    assert "Class by class" not in report_html(record())
