import pytest

from dms_load_test.edfi.discovery import (
    DataModel,
    base_url_candidates,
    parse_discovery,
    parse_specifications,
)
from dms_load_test.errors import ConfigError, TargetError

DMS = {
    "version": "8.0.0",
    "applicationName": "Ed-Fi API",
    "dataModels": [{"name": "Ed-Fi", "version": "5.2.0"}, {"name": "TPDM", "version": "1.1.0"}],
    "urls": {
        "dependencies": "http://localhost:8080/metadata/dependencies",
        "openApiMetadata": "http://localhost:8080/metadata/specifications",
        "oauth": "http://localhost:8080/oauth/token",
        "tokenInfo": "http://localhost:8080/oauth/token_info",
        "dataManagementApi": "http://localhost:8080/data",
        "changeQueries": "http://localhost:8080/changeQueries/v1/",
    },
}
BASE = "http://localhost:8080/"


def without(member):
    return DMS | {"urls": {name: url for name, url in DMS["urls"].items() if name != member}}


def test_a_dms_tells_where_all_its_parts_are():
    urls = parse_discovery(DMS, BASE)
    assert urls.token_url == "http://localhost:8080/oauth/token"
    assert urls.data_url == "http://localhost:8080/data"
    assert urls.dependencies_url == "http://localhost:8080/metadata/dependencies"
    assert urls.openapi_url == "http://localhost:8080/metadata/specifications"
    assert urls.token_info_url == "http://localhost:8080/oauth/token_info"
    assert urls.change_queries_url == "http://localhost:8080/changeQueries/v1"
    assert urls.data_models == (DataModel("Ed-Fi", "5.2.0"), DataModel("TPDM", "1.1.0"))
    assert urls.version == "8.0.0"


def test_an_ods_with_years_keeps_its_version_and_year_in_the_data_url():
    ods = {
        "version": "6.1",
        "urls": {
            "dependencies": "https://host/api/metadata/data/v3/2025/dependencies",
            "openApiMetadata": "https://host/api/metadata/2025",
            "oauth": "https://host/api/oauth/token",
            "dataManagementApi": "https://host/api/data/v3/2025/",
        },
    }
    urls = parse_discovery(ods, "https://host/api/")
    assert urls.data_url == "https://host/api/data/v3/2025"
    assert urls.token_info_url == ""
    assert urls.change_queries_url == ""


def test_relative_urls_are_relative_to_the_base_with_or_without_slash():
    relative = DMS | {"urls": DMS["urls"] | {"dataManagementApi": "data", "oauth": "/oauth/token"}}
    for base in ("http://host/api", "http://host/api/"):
        urls = parse_discovery(relative, base)
        assert urls.data_url == "http://host/api/data"
        assert urls.token_url == "http://host/oauth/token"


@pytest.mark.parametrize(
    ("member", "setting"),
    [
        ("oauth", "OAUTH_TOKEN_URL"),
        ("dataManagementApi", "DATA_URL"),
        ("dependencies", "DEPENDENCIES_URL"),
        ("openApiMetadata", "OPENAPI_URLS"),
    ],
)
def test_a_missing_url_is_named_with_the_setting_that_stands_in(member, setting):
    with pytest.raises(TargetError, match=rf"urls\.{member}; set {setting}"):
        parse_discovery(without(member), BASE)
    given = {setting: "http://elsewhere/x/"}
    found = parse_discovery(without(member), BASE, given=given)
    assert ("http://elsewhere/x" in (found.token_url, found.data_url, found.dependencies_url)) is (
        setting != "OPENAPI_URLS"
    )


def test_what_the_user_gives_wins_over_what_the_api_says():
    assert parse_discovery(DMS, BASE, given={"DATA_URL": "http://proxy/data/"}).data_url == "http://proxy/data"


@pytest.mark.parametrize("document", [[], "Hello", None, {}, {"urls": []}])
def test_what_is_no_discovery_document_is_said_so(document):
    with pytest.raises(TargetError, match="http://localhost:8080/ does not answer with a discovery document"):
        parse_discovery(document, BASE)


def test_placeholders_are_explained_with_an_address_to_fill_in():
    tenants = {name: url.replace("8080", "8080/t1/{schoolYear}") for name, url in DMS["urls"].items()}
    with pytest.raises(TargetError, match=r"set API_BASE_URL to http://localhost:8080/t1/\{schoolYear\} with"):
        parse_discovery(DMS | {"urls": tenants}, "http://localhost:8080/t1/")


@pytest.mark.parametrize(
    ("url", "candidates"),
    [
        ("http://h:8080", ("http://h:8080/", "http://h:8080/api/")),
        ("http://h:8080/", ("http://h:8080/", "http://h:8080/api/")),
        (" https://h/api ", ("https://h/api/", "https://h/")),
        ("https://h/v7/api/data", ("https://h/v7/api/", "https://h/v7/api/data/", "https://h/v7/")),
        ("http://h/data/v3/2025?x=1", ("http://h/", "http://h/data/v3/2025/", "http://h/api/")),
        ("http://h/oauth/token", ("http://h/", "http://h/oauth/token/", "http://h/api/")),
    ],
)
def test_a_base_url_is_tried_as_given_and_as_it_was_probably_meant(url, candidates):
    assert base_url_candidates(url) == candidates


@pytest.mark.parametrize("url", ["", "localhost:8080", "ftp://host/", "http:///data", "host", "http://[::1"])
def test_a_base_url_that_is_none_is_refused_with_an_example(url):
    with pytest.raises(ConfigError, match="API_BASE_URL"):
        base_url_candidates(url)


def test_dms_lists_resources_and_descriptors_among_other_specifications():
    listed = [
        {"name": "Resources", "endpointUri": "http://h/metadata/specifications/resources-spec.json", "prefix": ""},
        {"name": "Descriptors", "endpointUri": "http://h/metadata/specifications/descriptors-spec.json", "prefix": ""},
        {"name": "Discovery", "endpointUri": "http://h/metadata/specifications/discovery-spec.json", "prefix": "Other"},
        {"name": "Only", "endpointUri": "http://h/metadata/specifications/profiles/Only", "prefix": "Profiles"},
    ]
    assert parse_specifications(listed, "http://h/metadata/specifications") == (
        "http://h/metadata/specifications/resources-spec.json",
        "http://h/metadata/specifications/descriptors-spec.json",
    )


def test_an_ods_that_lists_its_projects_as_well_is_read_from_the_whole():
    listed = [
        {"name": "Change-Queries", "endpointUri": "http://h/metadata/changeQueries/v1/swagger.json", "prefix": "Other"},
        {"name": "Descriptors", "endpointUri": "http://h/metadata/data/v3/descriptors/swagger.json", "prefix": ""},
        {"name": "Ed-Fi", "endpointUri": "http://h/metadata/data/v3/ed-fi/swagger.json", "prefix": ""},
        {"name": "Resources", "endpointUri": "http://h/metadata/data/v3/resources/swagger.json", "prefix": ""},
    ]
    assert parse_specifications(listed, "http://h/metadata/") == (
        "http://h/metadata/data/v3/resources/swagger.json",
        "http://h/metadata/data/v3/descriptors/swagger.json",
    )


def test_projects_are_taken_where_there_is_no_whole():
    listed = [
        {"name": "Ed-Fi", "endpointUri": "data/v3/ed-fi/swagger.json", "prefix": ""},
        {"name": "TPDM", "endpointUri": "data/v3/tpdm/swagger.json", "prefix": "Extensions"},
        {"name": "Identity", "endpointUri": "identity/v2/swagger.json", "prefix": "Other"},
    ]
    assert parse_specifications(listed, "http://h/metadata") == (
        "http://h/metadata/data/v3/ed-fi/swagger.json",
        "http://h/metadata/data/v3/tpdm/swagger.json",
    )


@pytest.mark.parametrize("listed", [{}, "x", [], [{"name": "X", "endpointUri": "u", "prefix": "Other"}], [7]])
def test_a_list_without_resources_says_what_to_set(listed):
    with pytest.raises(TargetError, match="set OPENAPI_URLS"):
        parse_specifications(listed, "http://h/metadata")
