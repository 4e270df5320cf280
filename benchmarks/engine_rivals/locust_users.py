"""Locust's two clients, started by the locust command: FastUser or PlainUser."""

import itertools
import json

import urllib3
from body import BODY, HEADERS
from locust import FastHttpUser, HttpUser, constant, events, task

urllib3.disable_warnings()
numbers = itertools.count()


def create_and_read(client, **more):
    reply = client.post("/data/ed-fi/students", data=BODY % next(numbers), headers=HEADERS, **more)
    client.get(reply.headers["Location"], headers=HEADERS, name="/data/ed-fi/students/{id}", **more)


class FastUser(FastHttpUser):
    wait_time = constant(0)

    @task
    def one(self):
        create_and_read(self.client)


class PlainUser(HttpUser):
    wait_time = constant(0)

    @task
    def one(self):
        create_and_read(self.client, verify=False)


@events.quitting.add_listener
def on_end(environment, **_):
    total = environment.stats.total
    seconds = (environment.stats.last_request_timestamp or 0) - environment.stats.start_time
    print(json.dumps({"requests": total.num_requests, "failed": total.num_failures, "seconds": max(seconds, 0.001)}))
