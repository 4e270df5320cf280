"""How fast the emulator is on one core, and what a million documents cost it. Prints JSON.

    python benchmarks/emulator.py                    throughput over HTTP
    python benchmarks/emulator.py --documents 1000000 --folder DIR   and a file of that many students, then GET speed

The client writes prepared bytes to 16 plain sockets in turn, as 16 virtual users would; it runs in this process, the
emulator in another. `per_cpu_s` counts requests by the emulator's own user and system time, that is what one core can
do; `per_s` is by the clock and shows as well how busy client and machine were.
"""

from __future__ import annotations

import argparse
import json
import os
import socket
import sys
import tempfile
import time
from pathlib import Path
from urllib.parse import urlsplit

from dms_load_test.edfi.standard import load_standard
from dms_load_test.emulator import EmulatorOptions, start_emulator

CONNECTIONS = 16
BATCH = 20_000
TICKS_PER_S = os.sysconf("SC_CLK_TCK") if hasattr(os, "sysconf") else 100


def student(number):
    """A student of 887 bytes as they are sent, with two collections and five descriptors."""
    uri = "uri://ed-fi.org/"
    return {
        "studentUniqueId": f"{number:09d}",
        "firstName": "Bartholomew",
        "middleName": "Alexander",
        "lastSurname": "Featherstonehaugh",
        "birthDate": "2012-03-04",
        "birthCity": "Grand Bend",
        "birthSexDescriptor": f"{uri}SexDescriptor#Male",
        "birthStateAbbreviationDescriptor": f"{uri}StateAbbreviationDescriptor#TX",
        "generationCodeSuffix": "Jr",
        "personalTitlePrefix": "Mr",
        "preferredFirstName": "Bart",
        "otherNames": [
            {
                "otherNameTypeDescriptor": f"{uri}OtherNameTypeDescriptor#Nickname",
                "firstName": "Bart",
                "lastSurname": "Featherstonehaugh",
            }
        ],
        "identificationDocuments": [
            {
                "documentTitle": "Birth certificate",
                "identificationDocumentUseDescriptor": f"{uri}IdentificationDocumentUseDescriptor#Personal Information"
                " Verification",
                "personalInformationVerificationDescriptor": f"{uri}PersonalInformationVerificationDescriptor#"
                "Birth certificate",
            }
        ],
    }


def enrollment(number):
    """A document with references: student and school."""
    return {
        "studentReference": {"studentUniqueId": f"{number:09d}"},
        "schoolReference": {"schoolId": 1},
        "entryDate": "2024-08-14",
        "entryGradeLevelDescriptor": "uri://ed-fi.org/GradeLevelDescriptor#Tenth grade",
    }


SCHOOL = {
    "schoolId": 1,
    "nameOfInstitution": "One",
    "educationOrganizationCategories": [
        {"educationOrganizationCategoryDescriptor": "uri://ed-fi.org/EducationOrganizationCategoryDescriptor#School"}
    ],
    "gradeLevels": [{"gradeLevelDescriptor": "uri://ed-fi.org/GradeLevelDescriptor#Tenth grade"}],
}


class Connection:
    """A keep-alive connection with one request under way."""

    def __init__(self, host, port):
        self.socket = socket.create_connection((host, port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def answer(self):
        """Return (head, body) of the answer."""
        received = self.socket.recv(1 << 18)
        while (end := received.find(b"\r\n\r\n")) < 0:
            received += self.socket.recv(1 << 18)
        head, body = received[:end], received[end + 4 :]
        length = 0
        if (at := head.find(b"content-length: ")) >= 0:
            length = int(head[at + 16 :].partition(b"\r\n")[0])
        while len(body) < length:
            body += self.socket.recv(1 << 18)
        return head, body


class Crowd:
    """Connections that send side by side."""

    def __init__(self, emulator):
        parts = urlsplit(emulator.base_url)
        self.host = f"{parts.hostname}:{parts.port}"
        self.connections = [Connection(parts.hostname, parts.port) for _ in range(CONNECTIONS)]
        self.token = ""
        (answer,) = self.run([self.request("POST", "/oauth/token", b"grant_type=client_credentials", basic=True)])
        self.token = json.loads(answer[1])["access_token"]

    def request(self, method, path, body=b"", *, basic=False):
        kind = "application/x-www-form-urlencoded" if basic else "application/json"
        authorization = "Basic ZW11bGF0b3I6ZW11bGF0b3Itc2VjcmV0" if basic else f"Bearer {self.token}"
        head = (
            f"{method} /api{path} HTTP/1.1\r\nHost: {self.host}\r\nAuthorization: {authorization}\r\n"
            f"Content-Type: {kind}\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        return head.encode() + body

    def run(self, requests):
        """Send all, return the answers."""
        answers = []
        for start in range(0, len(requests), CONNECTIONS):
            busy = list(zip(self.connections, requests[start : start + CONNECTIONS], strict=False))
            for connection, request in busy:
                connection.socket.sendall(request)
            answers += [connection.answer() for connection, _ in busy]
        return answers


def cpu_s(pid):
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS_PER_S


def rss_mb(pid, member="VmRSS"):
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith(f"{member}:")).split()[1]) / 1024


def measured(emulator, crowd, requests, status):
    """Send the requests; return rates and the answers."""
    cpu_before, started = cpu_s(emulator.pid), time.perf_counter()
    answers = crowd.run(requests)
    wall_s, used_s = time.perf_counter() - started, cpu_s(emulator.pid) - cpu_before
    wrong = [answer for answer in answers if not answer[0].startswith(b"HTTP/1.1 %d" % status)]
    if wrong:
        sys.exit(f"expected {status}: {wrong[0]}")
    count = len(requests)
    return {"per_s": round(count / wall_s), "per_cpu_s": round(count / used_s)}, answers


def locations(answers):
    paths = (head.partition(b"location: ")[2].partition(b"\r\n")[0].decode() for head, _ in answers)
    return [urlsplit(path).path.removeprefix("/api") for path in paths]


def posts(crowd, resource, bodies):
    return [crowd.request("POST", f"/data/ed-fi/{resource}", json.dumps(body).encode()) for body in bodies]


def throughput(emulator):
    """POST, GET by id and an indexed filter, on an emulator that holds little."""
    crowd = Crowd(emulator)
    crowd.run(posts(crowd, "schools", [SCHOOL]))
    measured(emulator, crowd, posts(crowd, "students", map(student, range(900_000_000, 900_001_000))), 201)
    figures = {}
    figures["post_students"], answers = measured(
        emulator, crowd, posts(crowd, "students", map(student, range(BATCH))), 201
    )
    paths = locations(answers)
    figures["get_student_by_id"], _ = measured(emulator, crowd, [crowd.request("GET", path) for path in paths], 200)
    figures["post_student_school_associations"], _ = measured(
        emulator, crowd, posts(crowd, "studentSchoolAssociations", map(enrollment, range(BATCH))), 201
    )
    queries = [crowd.request("GET", f"/data/ed-fi/students?studentUniqueId={n:09d}") for n in range(BATCH)]
    figures["query_student_by_key"], _ = measured(emulator, crowd, queries, 200)
    return figures


def filled(folder, documents):
    """Fill a file over HTTP; return its size, the memory, and reading speed every tenth of the way."""
    data = folder / "documents.db"
    stages = []
    with start_emulator(EmulatorOptions(port=0, data=data)) as emulator:
        crowd = Crowd(emulator)
        started = time.perf_counter()
        step = max(documents // 10, 1)
        paths = []  # every fiftieth document of all that is there
        for first in range(0, documents, step):
            for at in range(first, min(first + step, documents), 2000):
                bodies = map(student, range(at, min(at + 2000, first + step, documents)))
                rates, answers = measured(emulator, crowd, posts(crowd, "students", bodies), 201)
                paths += locations(answers)[::50]
            reads = [paths[(number * 7919) % len(paths)] for number in range(5000)]
            got, _ = measured(emulator, crowd, [crowd.request("GET", path) for path in reads], 200)
            keys = [(number * 7919) % (first + step) for number in range(5000)]
            queries = [crowd.request("GET", f"/data/ed-fi/students?studentUniqueId={key:09d}") for key in keys]
            found, _ = measured(emulator, crowd, queries, 200)
            stages.append(
                {
                    "documents": first + step,
                    "post_per_cpu_s": rates["per_cpu_s"],
                    "get_by_id_per_cpu_s": got["per_cpu_s"],
                    "query_by_key_per_cpu_s": found["per_cpu_s"],
                    "memory_mb": round(rss_mb(emulator.pid)),
                }
            )
            print(json.dumps(stages[-1]), file=sys.stderr, flush=True)
        wall_s = time.perf_counter() - started
        peak_mb = rss_mb(emulator.pid, "VmHWM")
    size = sum(file.stat().st_size for file in folder.iterdir())
    return {
        "documents": documents,
        "fill_s": round(wall_s),
        "disk_mb": round(size / 1e6),
        "peak_memory_mb": round(peak_mb),
        "stages": stages,
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--documents", type=int, default=0)
    parser.add_argument("--folder", type=Path)
    arguments = parser.parse_args()
    figures = {
        "python": sys.version.split()[0],
        "cores": os.cpu_count(),
        "standard": load_standard().version,
        "student_bytes": len(json.dumps(student(1))),
    }
    with tempfile.TemporaryDirectory() as folder:
        with start_emulator(EmulatorOptions(port=0)) as emulator:
            figures["in_memory"] = throughput(emulator)
        with start_emulator(EmulatorOptions(port=0, data=Path(folder) / "documents.db")) as emulator:
            figures["in_a_file"] = throughput(emulator)
    if arguments.documents:
        with tempfile.TemporaryDirectory(dir=arguments.folder) as folder:
            figures["filled"] = filled(Path(folder), arguments.documents)
    print(json.dumps(figures, indent=2))


if __name__ == "__main__":
    main()
