"""`python -m tests.image`: build the image; with `--push NAME` into the running test cluster."""

import argparse
import sys

from tests.cluster import own
from tests.image.build import built, put


def main() -> None:
    """Build, and say how large it is."""
    parser = argparse.ArgumentParser(prog="python -m tests.image", description=__doc__)
    parser.add_argument("--push", metavar="NAME")
    options = parser.parse_args()

    def say(what: str) -> None:
        sys.stderr.write(f"{what}\n")

    image = built(say)
    say(f"{sum(image.layers()) / 1e6:.0f} MB in {len(image.layers())} layers: {image.folder}")
    if options.push:
        cluster = own.running()
        if cluster is None:
            sys.exit("no test cluster is up; start it with: make cluster-up")
        say(f"{options.push}@{put(image, cluster, options.push)}")


if __name__ == "__main__":
    main()
