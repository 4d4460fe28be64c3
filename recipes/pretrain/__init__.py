"""The recipe of the small English base model: write texts, speak them with two free synthesisers, train, export.

python -m recipes.pretrain speak | train | score | export, in that order; `--help` tells each one's arguments.
"""
