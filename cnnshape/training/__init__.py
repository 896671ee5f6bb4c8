"""Trains a graph on data of the user's: files, batches, schedules, epochs, checkpoints."""
