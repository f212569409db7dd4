"""`--model auto`: candidates are judged on rows that they did not learn; the best are blended."""
