"""Benchmarks: each prints one table, writes `results/NAME.json`, and compares two things in one run, in turns.

Seconds on a busy or another machine say little; the ratio of two things that took turns on the same cores holds. Never
imported by the package. `make bench` runs all, `make bench-NAME` one; `--smoke` shows with tiny shapes that it works.
"""
