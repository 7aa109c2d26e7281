"""By what systems prove themselves: published key sets, private key files, ends, last use."""
