"""Exit with 0 where the service on a port of this container is ready, else with 1 and what it waits for."""

import sys
import urllib.error
import urllib.request

try:
    with urllib.request.urlopen(f"http://127.0.0.1:{int(sys.argv[1])}/health/ready", timeout=4) as answer:
        print(answer.read().decode())
except urllib.error.HTTPError as refused:
    print(refused.read().decode())
    sys.exit(1)
except OSError as away:
    print(away)
    sys.exit(1)
