"""The same shards on many processes: what coordinator and workers tell each other, who does what, and Dask."""
