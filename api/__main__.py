"""`python -m api`: the API alone, set up by the environment."""

import sys

from api.processes.server import serve
from nas.errors import NasError
from nas.service.settings import read_settings

if __name__ == "__main__":
    try:
        serve(read_settings())
    except NasError as error:
        sys.exit(f"nas: {error}")
