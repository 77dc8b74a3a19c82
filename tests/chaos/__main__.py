"""make chaos: see trial.py."""
import argparse
import json
import os
import pathlib
import random
import sys
import tempfile

from harness.bulkhead import Bulkhead

from . import trial

ROOT = pathlib.Path(__file__).resolve().parents[2]


def options():
    parser = argparse.ArgumentParser(prog="chaos", description="Kills processes at random while connections are compared octet by octet.")
    parser.add_argument("--seconds", type=float, default=300)
    parser.add_argument("--seed", type=int, default=random.randrange(1 << 31), help="of the order of events")
    parser.add_argument("--events", default=",".join(trial.KINDS), help="which, with commas; one named twice comes twice as often")
    parser.add_argument("--json", action="store_true", help="the outcome as JSON on standard output; progress goes to standard error")
    return parser.parse_args()


def main():
    given = options()
    stage = pathlib.Path(os.environ.get("BULKHEAD_STAGE") or ROOT / "build/stage").resolve()
    proxy = Bulkhead(stage, trial.SETTINGS)
    say = lambda text: print(text, file=sys.stderr, flush=True)
    say(f"seed {given.seed}: --seed {given.seed} makes the same choices again")
    try:
        outcome = trial.run(proxy.start(), given.seconds, given.seed, given.events.split(","), say=say)
        print(json.dumps(outcome.as_json(), indent=2) if given.json else outcome)
        if not outcome.passed():
            with tempfile.NamedTemporaryFile("w", prefix="chaos-", suffix=".log", delete=False) as log:
                log.write("\n".join(proxy.service.err))
            say(f"the daemon's log is in {log.name}")
    finally:
        proxy.dispose()
    return 0 if outcome.passed() else 1


if __name__ == "__main__":
    sys.exit(main())
