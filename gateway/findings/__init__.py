"""Findings: what rules notice in the log, each with its baseline, for a person to judge."""
