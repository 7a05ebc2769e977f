"""The command line, the demo and the replay: where the services are put together."""

import os

# Before numpy loads: one matrix times one vector is bound by memory, a second thread only gets in the way.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
