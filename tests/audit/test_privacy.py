"""What is personal in the trail: encrypted for each user, exported for one, forgotten, and deleted in time."""

import json
import multiprocessing
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from banker.audit.chain import Head, Seal
from banker.audit.file_keys import FileKeys
from banker.audit.file_trail import FileTrail, head_path, keys_path, start_path
from banker.audit.private_trail import AuditEvent, PrivateTrail, TrailBroken
from banker.audit.redis_trail import HEAD, KEYS, START, STREAM, RedisKeys, RedisTrail
from banker.audit.user_keys import UserKeys
from banker.server.redis import open_redis
from tests.audit.trails import KEY, lines_of, write

DAY_S = 24 * 3600
START_OF_2027 = 1_798_761_600.0


class CountedKeys(RedisKeys):
    """Keys in Redis that note which were read."""

    def __init__(self, client):
        super().__init__(client)
        self.read = []

    def get(self, name):
        self.read.append(name)
        return super().get(name)


def happened(user="dana", time=START_OF_2027, **details):
    return AuditEvent(time, "tool.called", "bank", user, f"sess-of-{user}", {"arguments": {"payee": "Omar"}, **details})


@pytest.fixture(params=["file", "redis"])
def trails(request, tmp_path):
    """Opens the same trail as another process would, which may have another secret key and time."""
    path = tmp_path / "audit.jsonl"
    if request.param == "redis":
        client = request.getfixturevalue("client")
        client.delete(START, KEYS)

    def opened(secret=KEY, now=START_OF_2027):
        if request.param == "file":
            chained, store = FileTrail(path, Seal(secret)), FileKeys(keys_path(path))
        else:
            chained, store = RedisTrail(client, Seal(secret)), RedisKeys(client)
        remembered = 2 if request.param == "redis" else 0
        return PrivateTrail(chained, UserKeys(store, secret, lambda: now, remembered)), chained

    return opened


def test_the_trail_names_neither_user_nor_session_nor_details(trails):
    trail, chained = trails()
    for _ in range(2):
        trail.append(happened())
    trail.append(happened("omar"))
    text = "\n".join(chained.lines())
    assert not any(word in text for word in ("dana", "sess-of", "Omar", "payee"))
    users = [json.loads(line)["user"] for line in chained.lines()]
    assert users[0] == users[1] != users[2], "the entries of one user belong together"
    ciphertexts = {json.loads(line)["personal"] for line in chained.lines()}
    assert len(ciphertexts) == 3, "equal details are not seen to be equal"


def test_a_user_can_have_their_own_entries_in_clear(trails):
    trails()[0].append(happened(amount="50.00"))
    trails()[0].append(happened("omar"))
    entries = trails()[0].entries_of("bank", "dana")
    assert entries == [
        {
            "seq": 1,
            "time": "2027-01-01T00:00:00.000Z",
            "event": "tool.called",
            "tenant_id": "bank",
            "user_id": "dana",
            "session_id": "sess-of-dana",
            "details": {"arguments": {"payee": "Omar"}, "amount": "50.00"},
        }
    ]
    assert trails()[0].entries_of("other-bank", "dana") == []
    assert trails(secret=b"x" * 32)[0].entries_of("bank", "dana") == [], "the key store alone opens nothing"


def test_a_forgotten_user_is_unreadable_and_the_chain_is_whole(trails):
    trail, chained = trails()
    trail.append(happened())
    trail.append(happened("omar"))
    before = list(chained.lines())
    assert trails()[0].forget("bank", "dana")
    assert list(chained.lines()) == before
    assert chained.verify().problem is None
    assert trail.entries_of("bank", "dana") == []
    assert len(trail.entries_of("bank", "omar")) == 1
    assert not trail.forget("bank", "dana")
    trail.append(happened())
    assert len(trail.entries_of("bank", "dana")) == 1, "who comes back gets a new key"
    first, *_, last = (json.loads(line)["user"] for line in chained.lines())
    assert first != last, "and another pseudonym"


def test_users_who_are_forgotten_while_entries_are_written_stay_unreadable(trails):
    trail, chained = trails()
    forgetting, _ = trails()

    def write_and_forget(number):
        user = f"user-{number % 3}"  # more than are remembered
        for _ in range(5):
            trail.append(happened(user))
            if number < 3:
                forgetting.forget("bank", user)

    with ThreadPoolExecutor(9) as pool:
        list(pool.map(write_and_forget, range(9)))
    assert chained.verify().problem is None
    assert len(list(chained.lines())) == 45
    for number in range(3):
        forgetting.forget("bank", f"user-{number}")
        trail.append(happened(f"user-{number}", last="yes"))
        (entry,) = trails()[0].entries_of("bank", f"user-{number}")
        assert entry["details"]["last"] == "yes"


def test_a_key_is_read_once_and_the_least_used_one_is_read_again(client):
    store = CountedKeys(client)
    trail = PrivateTrail(RedisTrail(client, Seal(KEY)), UserKeys(store, KEY, remembered=2))
    for user in ("dana", "omar", "dana"):
        trail.append(happened(user))
    store.read.clear()
    for user in ("dana", "omar", "dana", "lee", "dana", "omar"):
        trail.append(happened(user))
    assert len(store.read) == 3, "of Lee, of whom it makes the first, twice, and of Omar"


def test_entries_of_a_version_without_keys_verify_and_are_exported(trails):
    trail, chained = trails()
    seal, line = Seal(KEY), ""
    plain = {"seq": 1, "time": "2026-01-01T00:00:00.000Z", "event": "session.ended", "tenant_id": "bank"}
    plain |= {"user_id": "dana", "session_id": "sess-1", "details": {"reason": "ended"}, "prev": "start"}
    line = seal.seal(plain)
    head = seal.head_line(Head(1, json.loads(line)["hash"]))
    if isinstance(chained, FileTrail):
        write(chained._path, [line])
        head_path(chained._path).write_text(head + "\n")
    else:
        chained._client.xadd(STREAM, {"entry": line})
        chained._client.set(HEAD, head)
    trail.append(happened())
    assert chained.verify().problem is None
    assert [entry["event"] for entry in trail.entries_of("bank", "dana")] == ["session.ended", "tool.called"]


def pseudonym_in_another_process(where):
    store = RedisKeys(open_redis(where, 5.0)) if where.startswith("redis:") else FileKeys(Path(where))
    with ThreadPoolExecutor(4) as pool:
        keys = UserKeys(store, KEY)
        return {key.pseudonym for key in pool.map(lambda _: keys.of("bank", "dana"), range(4))}


@pytest.mark.parametrize("kind", ["file", "redis"])
def test_many_workers_make_the_key_of_a_user_once(kind, tmp_path, client, redis_server):
    client.delete(KEYS)
    where = redis_server.url if kind == "redis" else str(tmp_path / "audit.jsonl.keys")
    with multiprocessing.get_context("fork").Pool(4) as pool:
        found = pool.map(pseudonym_in_another_process, [where] * 4)
    assert len(set.union(*found)) == 1


def test_the_key_file_is_for_its_owner_and_names_nobody(tmp_path):
    path = tmp_path / "audit.jsonl.keys"
    keys = UserKeys(FileKeys(path), KEY)
    pseudonym = keys.of("bank", "dana").pseudonym
    assert path.stat().st_mode & 0o077 == 0
    (stored,) = FileKeys(path).all().items()
    assert not any(word in f"{stored}" for word in ("dana", "bank", pseudonym))
    keys.delete("bank", "dana")
    assert stored[1].encode() not in path.read_bytes(), "deleted is overwritten"


def rotate(path, number):
    path.rename(path.with_name(f"audit.jsonl.{number}"))


def test_rotated_files_go_when_their_time_is_over_and_the_rest_verifies(tmp_path):
    path = tmp_path / "audit.jsonl"
    trail = PrivateTrail(FileTrail(path, Seal(KEY)), UserKeys(FileKeys(keys_path(path)), KEY, lambda: START_OF_2027))
    for number, users in enumerate((["dana", "omar"], ["omar"], ["omar", "zoe"])):
        for user in users:
            trail.append(happened(user, START_OF_2027 + number * DAY_S))
        if number < 2:
            rotate(path, 2 - number)
    assert FileTrail(path, Seal(KEY)).verify().entries == 5
    pruned = trail.prune(START_OF_2027 + DAY_S / 2, now=START_OF_2027 + 3 * DAY_S)
    assert (pruned.entries, pruned.keys) == (2, 1), "dana has no entry any more"
    verdict = FileTrail(path, Seal(KEY)).verify()
    assert (verdict.problem, verdict.entries) == (None, 3)
    assert [len(trail.entries_of("bank", user)) for user in ("dana", "omar", "zoe")] == [0, 2, 1]
    assert sorted(file.name for file in tmp_path.iterdir()) == [
        "audit.jsonl", "audit.jsonl.1", "audit.jsonl.head", "audit.jsonl.keys", "audit.jsonl.start"
    ]  # fmt: skip
    assert trail.prune(START_OF_2027 + 1.5 * DAY_S, now=START_OF_2027 + 3 * DAY_S).entries == 1
    rotate(path, 1)
    assert trail.prune(START_OF_2027 + 9 * DAY_S, now=START_OF_2027 + 9 * DAY_S).entries == 2
    assert FileTrail(path, Seal(KEY)).verify().problem is None, "nothing is left, and nothing is missing"
    trail.append(happened())
    assert FileTrail(path, Seal(KEY)).verify().problem is None


def test_a_crash_while_files_are_deleted_leaves_an_intact_trail(tmp_path):
    path = tmp_path / "audit.jsonl"
    trail, chained = PrivateTrail(FileTrail(path, Seal(KEY)), UserKeys(FileKeys(keys_path(path)), KEY)), None
    trail.append(happened())
    rotate(path, 1)
    kept = path.with_name("audit.jsonl.1").read_text()
    trail.append(happened(time=START_OF_2027 + DAY_S))
    trail.prune(START_OF_2027 + 1, now=START_OF_2027)
    path.with_name("audit.jsonl.1").write_text(kept)
    chained = FileTrail(path, Seal(KEY))
    assert (chained.verify().problem, chained.verify().entries) == (None, 1)
    assert trail.prune(START_OF_2027 + 1, now=START_OF_2027).entries == 1


def test_a_start_that_somebody_else_has_cut_off_is_found(tmp_path):
    path = tmp_path / "audit.jsonl"
    seal = Seal(KEY)
    trail = PrivateTrail(FileTrail(path, seal), UserKeys(FileKeys(keys_path(path)), KEY))
    for _ in range(2):
        trail.append(happened())
    old_head = head_path(path).read_text()
    for _ in range(2):
        trail.append(happened())
    write(path, lines_of(path)[2:])
    for mark in (None, old_head, Seal(b"x" * 32).start_line(Head(2, "h")), seal.start_line(Head(1, "h"))):
        if mark is not None:
            start_path(path).write_text(mark)
        assert FileTrail(path, seal).verify().problem.startswith("removed: "), mark
    with pytest.raises(TrailBroken, match="removed"):
        trail.prune(START_OF_2027, now=START_OF_2027)


def test_the_stream_loses_its_oldest_entries_and_verifies(client):
    client.delete(START, KEYS)
    trail = PrivateTrail(RedisTrail(client, Seal(KEY)), UserKeys(RedisKeys(client), KEY, lambda: 0.0))
    for user in ("dana", "omar"):
        trail.append(happened(user))
    kept_from = int(client.xrevrange(STREAM, count=1)[0][0].partition(b"-")[0])
    while int(client.time()[0]) * 1000 + client.time()[1] // 1000 <= kept_from:
        pass
    trail.append(happened("omar"))
    limit = int(client.xrevrange(STREAM, count=1)[0][0].partition(b"-")[0]) / 1000
    pruned = trail.prune(limit, now=limit)
    assert (pruned.entries, pruned.keys) == (2, 1)
    assert (RedisTrail(client, Seal(KEY)).verify().problem, len(list(RedisTrail(client, Seal(KEY)).lines()))) == (
        None,
        1,
    )
    trail.append(happened("omar"))
    assert RedisTrail(client, Seal(KEY)).verify().problem is None
    assert trail.prune(0.0, now=limit).entries == 0
    client.delete(START)
    assert RedisTrail(client, Seal(KEY)).verify().problem.startswith("removed: entries 1 to 2")
