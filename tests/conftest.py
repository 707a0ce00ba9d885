"""Settings for all tests; loaded before anything imports NumPy, in each worker."""

import os

# Each worker has a core of its own; more BLAS threads would only fight over it. The notebooks'
# kernels inherit this.
for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(name, "1")
os.environ.setdefault("MPLBACKEND", "agg")
