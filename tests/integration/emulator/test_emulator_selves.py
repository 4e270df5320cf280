"""Documents that refer to themselves."""

AGENCY = {
    "localEducationAgencyId": 777001,
    "nameOfInstitution": "Its Own Parent",
    "categories": [
        {
            "educationOrganizationCategoryDescriptor": (
                "uri://ed-fi.org/EducationOrganizationCategoryDescriptor#Local Education Agency"
            )
        }
    ],
    "localEducationAgencyCategoryDescriptor": "uri://ed-fi.org/LocalEducationAgencyCategoryDescriptor#Charter",
}


def test_a_document_that_refers_only_to_itself_can_be_deleted(client):
    created = client.post("localEducationAgencies", AGENCY)
    assert created.status == 201, created.body
    own_parent = {**AGENCY, "parentLocalEducationAgencyReference": {"localEducationAgencyId": 777001}}
    assert client.post("localEducationAgencies", own_parent).status == 200
    identifier = created.headers["location"].rpartition("/")[2]
    link = client.follow(created).json["parentLocalEducationAgencyReference"]["link"]
    assert link["href"].endswith(identifier)
    assert client.send("DELETE", f"/data/ed-fi/localEducationAgencies/{identifier}").status == 204
    assert client.follow(created).status == 404
