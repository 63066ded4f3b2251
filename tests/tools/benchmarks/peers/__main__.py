"""Print the cost of the peers as a table: `python -m tests.tools.benchmarks.peers`."""

import argparse
import sys

from tests.tools.benchmarks.peers.roster import PEERS
from tests.tools.benchmarks.peers.run import measure
from tests.tools.benchmarks.peers.table import peer_table


def main() -> int:
    """Measure, and print."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.tools.benchmarks.peers", description=__doc__
    )
    parser.add_argument("--rounds", type=int, default=30, help="how many rounds (default: 30)")
    parser.add_argument("--only", nargs="+", metavar="PEER", help="the setups to measure")
    options = parser.parse_args()
    peers = [peer for peer in PEERS if not options.only or peer.setup in options.only]
    print("\n".join(peer_table(measure(options.rounds, peers))))
    return 0


if __name__ == "__main__":
    sys.exit(main())
