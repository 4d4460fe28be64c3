"""The recipe of the bundled base models: write texts, speak them with two free synthesisers, train, evaluate, export.

`python -m recipes.pretrain make` does all of it; speak, train, score and export are its parts; `--help` tells the
arguments.
"""
