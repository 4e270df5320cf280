"""Conditional headers."""

from dataclasses import replace

import pytest

from dms_load_test.edfi.standard import load_standard
from dms_load_test.emulator.etag import etag, if_match_holds, if_none_match_hits, schema_epoch

EPOCH = "0123abcd"


@pytest.mark.parametrize(
    ("header", "holds"),
    [
        ("*", True),
        ('"7-0123abcd.j._.l.i"', True),
        ("7-0123abcd.j._.l.i", True),
        ('"7-0123abcd.j._.n.g"', True),
        ('"1-0123abcd.j._.l.i", "7-0123abcd.j._.l.i"', True),
        ('W/"7-0123abcd.j._.l.i"', False),
        ('"8-0123abcd.j._.l.i"', False),
        ('"7-ffffffff.j._.l.i"', False),
        ("0000000000", False),
        ("7" * 5000 + "-0123abcd.j._.l.i", False),
        ("\N{ARABIC-INDIC DIGIT SEVEN}-0123abcd.j._.l.i", False),
        ('""', False),
    ],
)
def test_if_match_compares_version_and_epoch_only(header, holds):
    assert if_match_holds(header, 7, EPOCH) is holds


@pytest.mark.parametrize(
    ("header", "hits"),
    [("*", True), ('"7-0123abcd.j._.l.i"', True), ('W/"7-0123abcd.j._.l.i"', True), ('"7-0123abcd.j._.n.i"', False)],
)
def test_if_none_match_compares_the_representation(header, hits):
    assert if_none_match_hits(header, 7, EPOCH) is hits


def test_a_tag_names_version_epoch_and_variant():
    assert etag(7, EPOCH) == "7-0123abcd.j._.l.i"


def test_the_epoch_is_the_same_for_the_same_model():
    model = load_standard().model
    assert schema_epoch(model) == schema_epoch(model)
    assert len(schema_epoch(model)) == 8


def test_the_epoch_does_not_depend_on_the_order_of_the_documents_that_describe_the_model():
    model = load_standard().model
    turned = replace(model, resources=dict(reversed(model.resources.items())))
    assert schema_epoch(turned) == schema_epoch(model)
