"""How the parts around the record are put into processes: one module for each part."""
