"""What was found, as data: records, rows, sentences, codes, schema."""
