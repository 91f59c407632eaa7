"""Benchmarks, which use one BLAS thread as the workers of the service do."""

import os

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
