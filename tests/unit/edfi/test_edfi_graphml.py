"""The load order as GraphML."""

import xml.etree.ElementTree as ET

from dms_load_test.edfi.load_order import write_dependencies, write_graphml
from dms_load_test.edfi.standard import load_standard

AT = "{http://graphml.graphdrawing.org/xmlns}"
MODEL = load_standard().model


def test_the_graph_has_the_lists_resources_and_a_node_for_each_persons_update():
    graph = ET.fromstring(write_graphml(MODEL)).find(f"{AT}graph")
    nodes = {node.get("id") for node in graph.iter(f"{AT}node")}
    listed = {entry["resource"] for entry in write_dependencies(MODEL)}
    assert nodes - listed == {"/ed-fi/students#Retry", "/ed-fi/staffs#Retry", "/ed-fi/contacts#Retry"}
    assert listed <= nodes


def test_edges_lead_from_what_is_needed_to_what_needs_it():
    graph = ET.fromstring(write_graphml(MODEL)).find(f"{AT}graph")
    edges = {(edge.get("source"), edge.get("target")) for edge in graph.iter(f"{AT}edge")}
    assert ("/ed-fi/students", "/ed-fi/studentSchoolAssociations") in edges
    assert ("/ed-fi/studentSchoolAssociations", "/ed-fi/students#Retry") in edges
    assert ("/ed-fi/schools", "/ed-fi/classPeriods") in edges
