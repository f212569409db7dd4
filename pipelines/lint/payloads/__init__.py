"""What Google Cloud Pipeline Components send: the JSON, and Google's messages that it becomes."""
