"""Arrays from npz files, checked on reading, and their rows in the order of training.

A dataset holds its rows in memory (one file) or streams them (a directory or glob of shards).
Either gives an epoch as blocks of whole batches.
"""
