"""Brings real models to this machine: fetched from where they can be had, or taken from a file that the user has."""
