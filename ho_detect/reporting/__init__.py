"""Findings to records, tables, label maps and pictures."""
