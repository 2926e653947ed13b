"""Archives on a Ray cluster: images are read on its processors, run through the network, and come out as two tables of Parquet files."""
