"""Models: torch and transformers."""

import os

# Before torch loads OpenMP: threads that wait for each other sleep instead of spinning. Beside other busy programs on
# two cores, one training step of ctc-en took 19-22 s with spinning threads and 0.6-0.7 s with sleeping ones.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
