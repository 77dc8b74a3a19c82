"""Processes that are killed at random while connections carry octets that are compared, one by one, with what was sent.

    make chaos CHAOS_SECONDS=300        or, with the staged tree built: cd tests && python3 -m chaos --seconds 300
"""
