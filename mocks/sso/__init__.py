"""Stands in for the OpenID providers of the province: one for staff, one for citizens."""
