"""What is in the memory of a process."""

CHUNK = 16 << 20
# Reserved rather than used: the shadow of a sanitizer, which holds a few bits about each byte and never the byte.
SHADOW = 1 << 40


def _content(memory, begin, end, overlap):
    """The readable parts of a mapping; what lies across two parts is whole in one of them."""
    while begin < end:
        try:
            memory.seek(begin)
            part = memory.read(min(CHUNK, end - begin))
        except OSError:
            return
        if not part:
            return
        yield part
        begin += len(part)
        if begin < end and len(part) > overlap:
            begin -= overlap


def found_in_memory(pid, wanted):
    """Those of the byte strings that are somewhere in its writable memory."""
    found = set()
    overlap = max(map(len, wanted)) - 1
    with open(f"/proc/{pid}/maps", encoding="utf-8") as maps, open(f"/proc/{pid}/mem", "rb", buffering=0) as memory:
        for line in maps:
            span, modes = line.split()[:2]
            begin, end = (int(number, 16) for number in span.split("-"))
            if "r" not in modes or "w" not in modes or line.rstrip().endswith("[vvar]") or end - begin >= SHADOW:
                continue
            for part in _content(memory, begin, end, overlap):
                found |= {secret for secret in wanted if secret in part}
    return found
