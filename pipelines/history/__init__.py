"""Past runs, those of this machine and those on Vertex AI alike: records, results, comparisons."""
