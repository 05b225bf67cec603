"""`python -m api`: the API alone, set up by the environment."""

import sys

from api.server import serve
from nas.errors import NasError
from nas.jobs.settings import Settings

if __name__ == "__main__":
    try:
        serve(Settings())
    except NasError as error:
        sys.exit(f"nas: {error}")
