"""Byte streams of any length that two sides can make and check without keeping them.

Each block carries its number, so that a lost, doubled or swapped piece changes the hash whatever its size."""
import hashlib
import random

BLOCK = 1 << 18


def blocks(length, seed=0):
    """Yields the stream of that length and seed, block by block."""
    filling = random.Random(seed).randbytes(BLOCK - 8)
    number = 0
    while length > 0:
        block = number.to_bytes(8, "big") + filling
        yield block if length >= BLOCK else block[:length]
        length -= BLOCK
        number += 1


def content(length, seed=0):
    return b"".join(blocks(length, seed))


def sha256(length, seed=0):
    digest = hashlib.sha256()
    for block in blocks(length, seed):
        digest.update(block)
    return digest.hexdigest()


def write_file(path, length, seed=0):
    with open(path, "wb") as file:
        for block in blocks(length, seed):
            file.write(block)


def file_sha256(path):
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        while piece := file.read(1 << 20):
            digest.update(piece)
    return digest.hexdigest()


def receive_sha256(sock, already=b""):
    """Reads the socket to its end; returns (length, sha256) of that and what had been read already."""
    digest, length = hashlib.sha256(already), len(already)
    while piece := sock.recv(1 << 18):
        digest.update(piece)
        length += len(piece)
    return length, digest.hexdigest()
