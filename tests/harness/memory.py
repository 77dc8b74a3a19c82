"""What is in the memory of a process."""


def found_in_memory(pid, wanted):
    """Those of the byte strings that are somewhere in its writable memory."""
    found = set()
    with open(f"/proc/{pid}/maps", encoding="utf-8") as maps, open(f"/proc/{pid}/mem", "rb", buffering=0) as memory:
        for line in maps:
            span, modes = line.split()[:2]
            if "r" not in modes or "w" not in modes or line.rstrip().endswith("[vvar]"):
                continue
            begin, end = (int(number, 16) for number in span.split("-"))
            try:
                memory.seek(begin)
                content = memory.read(end - begin)
            except OSError:
                continue
            found |= {secret for secret in wanted if secret in content}
    return found
