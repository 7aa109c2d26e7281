"""The list of controllers; nothing is mounted anywhere else."""
