"""One token for the whole cluster: one renewal however many ask, and no secret on the way."""

import asyncio
import pickle

import pytest
from pydantic import SecretStr

from dms_load_test.app.token_desk import TokenDesk
from dms_load_test.app.worker import without_secrets
from dms_load_test.cluster.messages import Letter, NewToken, NoToken
from dms_load_test.config import Settings
from dms_load_test.engine.auth import TokenError
from dms_load_test.engine.clock import SYSTEM_CLOCK
from dms_load_test.engine.relayed import RelayedToken
from dms_load_test.errors import TargetError


class Auth:
    """Stands for `SharedAuthManager`: each renewal gives the next token."""

    def __init__(self):
        self.renewals = 0
        self.current = b""
        self.insists = False
        self.error = None
        self.token_url = "http://idp/token"

    def line(self, now_ns):
        return self.current

    async def wait(self):
        await asyncio.sleep(0)
        if self.error:
            raise self.error
        self.renewals += 1
        self.current = b"Authorization: Bearer token-%d\r\n" % self.renewals
        return self.current

    def reject(self, line):
        if self.insists:
            return False
        if line == self.current:
            self.current = b""
        return True

    def life_s(self):
        return 100.0


class Cluster:
    """A desk and the tokens of three workers, with what was sent between them."""

    def __init__(self, auth):
        self.sent = []
        self.desk = TokenDesk(auth, SYSTEM_CLOCK, self.send)
        self.workers = {name: RelayedToken(SYSTEM_CLOCK, self.asker(name)) for name in "abc"}

    def asker(self, name):
        return lambda rejected: self.desk.wanted(name, rejected)

    def send(self, worker, instruction):
        self.sent.append((worker, instruction))
        for name, token in self.workers.items():
            if worker in {None, name}:
                if isinstance(instruction, NewToken):
                    token.put(instruction.serial, instruction.line, instruction.life_s)
                else:
                    token.fail(instruction.reason, instruction.status)


@pytest.fixture
def auth():
    return Auth()


@pytest.fixture
def cluster(auth):
    return Cluster(auth)


async def test_all_workers_get_the_token_that_the_coordinator_has(auth, cluster):
    await cluster.desk.begin()

    assert {token.line(SYSTEM_CLOCK.now_ns()) for token in cluster.workers.values()} == {auth.current}
    assert auth.renewals == 1


async def test_a_token_that_ran_out_while_workers_were_started_and_cannot_be_had_again_is_the_target_s_fault(
    auth, cluster
):
    auth.error = TokenError("the endpoint does not answer", 503)

    with pytest.raises(TargetError, match="no token from http://idp/token: 503 the endpoint does not answer"):
        await cluster.desk.begin()


async def test_a_rejection_on_every_worker_leads_to_one_renewal(auth, cluster):
    await cluster.desk.begin()
    old = auth.current
    assert all(token.reject(old) for token in cluster.workers.values())

    lines = await asyncio.gather(*(token.wait() for token in cluster.workers.values() for _ in range(20)))

    assert auth.renewals == 2
    assert set(lines) == {auth.current}
    assert all(token.reject(old) for token in cluster.workers.values())  # a late answer to the old one
    assert auth.renewals == 2


async def test_a_token_that_is_refused_again_is_not_asked_about_for_a_while(auth, cluster):
    await cluster.desk.begin()
    auth.insists = True
    token = cluster.workers["a"]
    assert token.reject(auth.current)

    assert await token.wait() == auth.current
    asked = len(cluster.sent)

    assert not token.reject(auth.current)
    assert len(cluster.sent) == asked
    assert auth.renewals == 1


async def test_a_renewed_token_is_passed_on_before_the_old_one_ends(auth, cluster):
    await cluster.desk.begin()
    auth.current = b"Authorization: Bearer renewed\r\n"

    cluster.desk.look()

    assert {token.line(SYSTEM_CLOCK.now_ns()) for token in cluster.workers.values()} == {auth.current}


async def test_who_waits_hears_why_there_is_no_token(auth, cluster):
    auth.error = TokenError("invalid_client: unknown key", 401)

    with pytest.raises(TokenError, match="unknown key"):
        await cluster.workers["b"].wait()
    assert isinstance(cluster.sent[-1][1], NoToken)


async def test_a_users_stop_does_not_end_the_wait_of_others(auth, cluster):
    waiting = [asyncio.create_task(cluster.workers["a"].wait()) for _ in range(2)]
    await asyncio.sleep(0)
    waiting[0].cancel()

    assert await waiting[1] == auth.current


async def test_neither_logs_nor_failures_of_a_worker_show_the_token(auth, cluster):
    await cluster.desk.begin()
    _, instruction = cluster.sent[0]

    assert "token-1" not in repr(instruction)
    assert "token-1" not in repr(Letter((instruction,)))
    assert "token-1" not in repr(cluster.workers["a"])
    assert cluster.workers["a"].blot("got token-1 back") == "got *** back"
    cluster.workers["a"].put(2, b"Authorization: Bearer token-2\r\n", 60.0)
    assert cluster.workers["a"].blot("got token-1 and token-2 back") == "got *** and *** back"


def test_no_secret_of_any_kind_is_in_what_workers_are_sent():
    secret = "only-the-coordinator-knows"
    fields = {
        name: SecretStr(secret) for name, info in Settings.model_fields.items() if "SecretStr" in str(info.annotation)
    }
    settings = Settings(api_base_url="http://localhost/api", client_id=secret).model_copy(update=fields)

    assert "client_secret" in fields
    assert secret.encode() in pickle.dumps(settings)
    assert secret.encode() not in pickle.dumps(without_secrets(settings))
