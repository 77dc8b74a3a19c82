"""A stream whose every position is known: what comes is compared as it comes, and a difference says what kind it is."""
import random

LENGTH = 1_048_573  # a prime: no block of a power of two falls on its own repetition
_base = random.Random(20_261_121).randbytes(LENGTH)
_twice = memoryview(_base + _base)


class Difference(Exception):
    """kind: lost, duplicated or corrupted."""

    def __init__(self, kind, position, detail):
        super().__init__(f"{kind} at {position}: {detail}")
        self.kind, self.position = kind, position


def piece(start, length):
    """Up to LENGTH octets of the stream from start on."""
    offset = start % LENGTH
    return _twice[offset:offset + min(length, LENGTH)]


def _shift(start, data):
    """How far from start the stream goes on with data, None if nowhere."""
    sample = bytes(data[:48])
    if len(sample) < 16:
        return None
    found = (_base + _base[:64]).find(sample)
    if found < 0:
        return None
    forward = (found - start) % LENGTH
    return forward if forward <= LENGTH // 2 else forward - LENGTH


def check(start, data):
    """data is what came where the stream is at start."""
    if len(data) > LENGTH:
        check(start, data[:LENGTH])
        check(start + LENGTH, data[LENGTH:])
        return
    expected = piece(start, len(data))
    if data == expected:
        return
    at = next(i for i in range(len(data)) if data[i] != expected[i])
    shift = _shift(start + at, data[at:])
    if shift is None:
        raise Difference("corrupted", start + at, f"{bytes(data[at:at + 8]).hex()} instead of {bytes(expected[at:at + 8]).hex()}")
    if shift > 0:
        raise Difference("lost", start + at, f"{shift} octets are missing")
    raise Difference("duplicated", start + at, f"{-shift} octets came again")
