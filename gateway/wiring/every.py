"""Every part, in the order in which a process opens them."""

from gateway.wiring import (
    changes,
    disclosure,
    exports,
    findings,
    people,
    possession,
    retention,
    roles,
    search,
    sequencing,
    sessions,
    sign_on,
    systems,
    tokens,
    witnessing,
)
from gateway.wiring.parts import Part

PARTS: tuple[Part, ...] = (
    people,
    possession,
    sign_on,
    sessions,
    roles,
    tokens,
    systems,
    sequencing,
    witnessing,
    changes,
    search,
    disclosure,
    exports,
    findings,
    retention,
)
