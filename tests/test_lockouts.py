"""Wrong credentials, again and again: delays by user and by address, bans, who is spared, and how they are seen and lifted."""
import time

import pytest

from harness import raw_client, users
from harness.waiting import eventually

# Shorter than the longest delay, and longer than an answer takes on a busy machine.
AT_ONCE = 3
QUICK = {"enabled": True, "free_attempts": 2, "delay": "1s", "max_delay": "4s", "ban_after": 0}


def attempt(daemon, origin, user, password="guess", source="127.0.0.1"):
    """Status and seconds."""
    with raw_client.RawHttp(daemon.http_port, source=source, timeout=40) as client:
        began = time.monotonic()
        answer = client.get(origin.url(), users.basic(user, password))
        return answer.status, time.monotonic() - began


def people(start, **lockout):
    daemon = start(users.auth(cache={"failure_ttl": "0s"}, lockout={**QUICK, **lockout}))
    users.add(daemon, "alice")
    return daemon


def lockouts(daemon):
    return {row["subject"]: row for row in daemon.query("user", "lockouts")}


def test_delays_by_user_double(start, origin):
    """From whichever address: six of them, none of which was wrong often."""
    daemon = people(start)
    times = [attempt(daemon, origin, "alice", source=f"127.0.0.{number}")[1] for number in range(1, 7)]
    assert all(took > least for took, least in zip(times[2:], (0.9, 1.9, 3.9, 3.9))), times
    assert attempt(daemon, origin, "bob")[1] < AT_ONCE, "others do not wait"
    assert lockouts(daemon)["alice"]["failures"] == 6
    status, took = attempt(daemon, origin, "alice", "secret-of-alice", "127.0.0.9")
    assert status == 200 and took > 0.5, "who knows the password waits too, from an address that is new"
    assert attempt(daemon, origin, "alice", "secret-of-alice", "127.0.0.9")[1] < AT_ONCE, "and not again"


def test_delays_by_address_whatever_the_name(start, origin):
    """Four times as many are free; each name is tried once."""
    daemon = people(start)
    times = [attempt(daemon, origin, f"user{number}")[1] for number in range(12)]
    assert max(times[:8]) < AT_ONCE and all(took > least for took, least in zip(times[8:], (0.9, 1.9, 3.9, 3.9))), times
    assert attempt(daemon, origin, "user99", source="127.0.0.2")[1] < AT_ONCE, "another address"
    row = lockouts(daemon)["127.0.0.1"]
    assert (row["kind"], row["banned"], row["failures"]) == ("address", False, 12)


def test_an_address_is_banned_seen_and_let_in_again(start, origin):
    daemon = people(start, delay="1ms", max_delay="1ms", ban_after=3, ban="1h")
    for number in range(12):
        assert attempt(daemon, origin, f"user{number}")[0] == 407
    assert attempt(daemon, origin, "alice", "secret-of-alice")[0] == 429, "the address is out, whoever it says it is"
    assert attempt(daemon, origin, "alice", "secret-of-alice", "127.0.0.2")[0] == 200
    row = lockouts(daemon)["127.0.0.1"]
    assert row["banned"] and 3500 < row["delay_s"] <= 3600
    shown = daemon.ctl("user", "lockouts").out
    assert "127.0.0.1" in shown and "banned" in shown
    with users.socks5(daemon, "alice", "secret-of-alice") as connection, pytest.raises(Exception):
        connection.connect(("127.0.0.1", origin.port))
    assert daemon.ctl("user", "unlock", "127.0.0.1").exit == 0
    assert "127.0.0.1" not in lockouts(daemon)
    assert attempt(daemon, origin, "alice", "secret-of-alice")[0] == 200


def test_whom_the_configuration_spares(start, origin):
    daemon = people(start, delay="1ms", max_delay="1ms", ban_after=3, ban="1h", allow=["127.0.0.2/32", "127.1.0.0/16"])
    for source in ("127.0.0.2", "127.1.2.3"):
        assert {attempt(daemon, origin, "alice", source=source)[0] for _ in range(15)} == {407}
    assert lockouts(daemon) == {}
    assert attempt(daemon, origin, "alice", "secret-of-alice", "127.0.0.2")[0] == 200
    for _ in range(3):
        assert attempt(daemon, origin, "bob", source="127.0.0.3")[0] == 407
    assert attempt(daemon, origin, "bob", source="127.0.0.3")[0] == 429, "others are not spared"
    # The name that others lost is not lost to who is spared.
    assert attempt(daemon, origin, "bob", source="127.0.0.2")[0] == 407
    daemon.write({"server": {"auth": {"lockout": {"allow": []}}}})
    assert daemon.reload().exit == 0
    assert attempt(daemon, origin, "bob", source="127.0.0.2")[0] == 429, "the list changes with a reload"


def test_a_ban_ends_by_itself(start, origin):
    daemon = people(start, delay="1ms", max_delay="1ms", ban_after=2, ban="2s")
    for _ in range(2):
        assert attempt(daemon, origin, "alice")[0] == 407
    assert attempt(daemon, origin, "alice", "secret-of-alice")[0] == 429
    eventually(lambda: attempt(daemon, origin, "alice", "secret-of-alice")[0] == 200, "it is over", 10, every=0.3)


def test_what_costs_nothing_is_held_back(start, origin):
    """Answered at once, a guesser would come back for it as fast as the machine can, and take it from those who are somebody."""
    settings = users.auth(cache={"failure_ttl": "1m"}, lockout={**QUICK, "delay": "1ms", "max_delay": "1ms", "ban_after": 3})
    daemon = start({**settings, "workers": {"acceptors": 1}})
    users.add(daemon, "alice")
    assert attempt(daemon, origin, "alice", "guess")[0] == 407
    remembered = attempt(daemon, origin, "alice", "guess")
    assert remembered[0] == 407 and remembered[1] > 0.9
    with raw_client.RawHttp(daemon.http_port) as client:
        began = time.monotonic()
        assert client.get(origin.url(), "Proxy-Authorization: Basic of no use").status == 407
        assert time.monotonic() - began > 0.9
    for impossible in ("", "tab\tinside"):
        status, took = attempt(daemon, origin, "alice", impossible)
        assert status == 407 and took > 0.9
        with raw_client.RawSocks(daemon.socks_port) as client:
            began = time.monotonic()
            client.send(b"\x05\x01\x02")
            assert client.reader.exactly(2) == b"\x05\x02"
            client.send(b"\x01\x05alice" + bytes([len(impossible)]) + impossible.encode())
            assert client.reader.exactly(2)[1] != 0 and time.monotonic() - began > 0.9
    assert lockouts(daemon)["alice"]["failures"] == 1, "nobody guesses what nobody has"
    assert [attempt(daemon, origin, "alice", f"guess {number}")[0] for number in range(2)] == [407, 407]
    banned = attempt(daemon, origin, "alice", "another", "127.0.0.2")
    assert banned[0] == 429 and banned[1] > 0.9
    began = time.monotonic()
    with users.socks5(daemon, "alice", "another") as connection, pytest.raises(Exception):
        connection.connect(("127.0.0.1", origin.port))
    assert time.monotonic() - began > 0.9
    assert attempt(daemon, origin, "alice", "guess")[1] < remembered[1] + AT_ONCE, "it does not grow"


def test_who_may_not_come_in_is_not_asked_who_he_is(start, origin):
    """His credentials are no way to find out a password, and none to have others delayed."""
    daemon = start({**users.auth(cache={"failure_ttl": "0s"}, lockout=QUICK), "access_control": {"blacklist": ["127.0.0.66"]}})
    users.add(daemon, "alice")
    for password in ("guess", "secret-of-alice", "guess", "guess", "guess"):
        assert attempt(daemon, origin, "alice", password, "127.0.0.66")[0] == 403
    with raw_client.RawSocks(daemon.socks_port, source="127.0.0.66") as client:
        client.send(b"\x05\x01\x02")
        assert client.reader.exactly(2) == b"\x05\xff"
    assert lockouts(daemon) == {}
    assert not [each for each in daemon.query("audit", "list") if each["address"] == "127.0.0.66"]
    refused = [each for each in daemon.access() if each["client_ip"] == "127.0.0.66"]
    assert len(refused) == 6 and {(each["refusal"], each["username"]) for each in refused} == {("client_denied", "")}, refused
    assert attempt(daemon, origin, "alice", "secret-of-alice")[0] == 200
