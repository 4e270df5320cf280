"""Many clients at once."""

from concurrent.futures import ThreadPoolExecutor

CLIENTS = 8
STUDENT = {"studentUniqueId": "race", "birthDate": "2014-08-14", "firstName": "Ann", "lastSurname": "Lee"}


def together(make_client, emulator, act):
    clients = [make_client(emulator).authorize() for _ in range(CLIENTS)]
    with ThreadPoolExecutor(CLIENTS) as pool:
        return list(pool.map(act, clients, range(CLIENTS)))


def test_simultaneous_posts_of_one_key_make_one_document(emulator, make_client):
    replies = together(make_client, emulator, lambda client, _: client.post("students", STUDENT))
    assert sorted(reply.status for reply in replies) == [200] * (CLIENTS - 1) + [201]
    assert len({reply.headers["location"] for reply in replies}) == 1


def test_of_simultaneous_updates_of_one_state_one_wins(emulator, client, make_client):
    created = client.post("students", {**STUDENT, "studentUniqueId": "guarded"})
    identifier = created.headers["location"].rpartition("/")[2]

    def update(one, number):
        body = {**STUDENT, "studentUniqueId": "guarded", "id": identifier, "firstName": f"Ann {number}"}
        return one.send("PUT", f"/data/ed-fi/students/{identifier}", body, If_Match=created.headers["etag"])

    replies = together(make_client, emulator, update)
    assert sorted(reply.status for reply in replies) == [204] + [412] * (CLIENTS - 1)
    winner = next(number for number, reply in enumerate(replies) if reply.status == 204)
    assert client.follow(created).json["firstName"] == f"Ann {winner}"


def test_every_document_of_many_clients_is_kept(emulator, client, make_client):
    def create(one, number):
        return [
            one.post("students", {**STUDENT, "studentUniqueId": f"{number}-{ordinal}", "middleName": "many"}).status
            for ordinal in range(20)
        ]

    statuses = [status for reply in together(make_client, emulator, create) for status in reply]
    assert statuses == [201] * (CLIENTS * 20)
    assert client.get("students?middleName=many&totalCount=true&limit=0").headers["total-count"] == str(CLIENTS * 20)
