"""Taking records out: files for auditors, bundles for a court, a stream for a SIEM."""
