"""What was measured, as ratios between peers of one run; the budgets of design section 9."""

import json
import os
import platform
import subprocess
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from statistics import median
from typing import Any

from bench.load import Paced, Saturated
from bench.proofs import text as proofs_text
from bench.search import text as search_text
from bench.sequencer import text as tree_text
from bench.tokens import text as tokens_text

HERE = Path(__file__).parent
MOST_CPU_US = 120.0
MOST_OF_FASTIFY = 0.75
LEAST_OF_NGINX = 0.17
MOST_P99_ADDED_MS, MOST_P50_ADDED_MS = 4.0, 1.0
MOST_WORKER_MIB = 150.0


@dataclass(slots=True)
class Figures:
    """The figures of one run; medians over its rounds."""

    saturated: dict[str, list[Saturated]] = field(default_factory=dict)
    paced: dict[str, list[Paced]] = field(default_factory=dict)
    worker_mib: float = 0.0
    wake_us: tuple[float, float] = (0.0, 0.0)  # median, 99th percentile
    postgres_cpu_us: float = 0.0
    audit_records_per_s: float = 0.0
    growth: list[dict[str, float]] = field(default_factory=list)
    search: dict[str, Any] = field(default_factory=dict)  # as `bench.search` measures it
    tree: dict[str, Any] = field(default_factory=dict)  # as `bench.sequencer` measures it
    proofs: dict[str, Any] = field(default_factory=dict)  # as `bench.proofs` measures it
    tokens: dict[str, Any] = field(default_factory=dict)  # as `bench.tokens` measures it

    def add(self, peer: str, one: Saturated) -> None:
        """Keep one measurement of *peer*."""
        self.saturated.setdefault(peer, []).append(one)

    def add_paced(self, peer: str, one: Paced) -> None:
        """Keep one measurement of *peer* at a fixed rate."""
        self.paced.setdefault(peer, []).append(one)

    def cpu_us(self, peer: str) -> float:
        """Return the CPU of one call, microseconds."""
        return median(one.cpu_us for one in self.saturated[peer])

    def rps(self, peer: str) -> float:
        """Return calls a second at saturation."""
        return median(one.calls_per_s for one in self.saturated[peer])

    def p(self, peer: str, share: int) -> float:
        """Return the 50th or 99th percentile at the fixed rate, milliseconds."""
        return median(getattr(one, f"p{share}_ms") for one in self.paced[peer])

    def failed(self) -> int:
        """Return how many calls were not answered with 200."""
        everything = [*self.saturated.values(), *self.paced.values()]
        return sum(one.failed for many in everything for one in many)

    def values(self) -> dict[str, float]:
        """Return the figures by name, for programs."""
        gateway, fastify, nginx = (self.cpu_us(n) for n in ("gateway", "fastify", "nginx"))
        return {
            "exchange_cpu_us": gateway,
            "fastify_cpu_us": fastify,
            "nginx_cpu_us": nginx,
            "floor_cpu_us": self.cpu_us("floor"),
            "granian_cpu_us": self.cpu_us("granian"),
            "postgres_cpu_us": self.postgres_cpu_us,
            "exchange_rps": self.rps("gateway"),
            "granian_rps": self.rps("granian"),
            "fastify_rps": self.rps("fastify"),
            "nginx_rps": self.rps("nginx"),
            "exchange_of_fastify": gateway / fastify,
            "exchange_of_nginx": nginx / gateway,
            "p50_ms_at_1500": self.p("gateway", 50),
            "p99_ms_at_1500": self.p("gateway", 99),
            "p50_added_ms_at_1500": self.p("gateway", 50) - self.p("nginx", 50),
            "p99_added_ms_at_1500": self.p("gateway", 99) - self.p("nginx", 99),
            "wake_p50_us": self.wake_us[0],
            "wake_p99_us": self.wake_us[1],
            "p99_ms_saturated": median(one.p99_ms for one in self.saturated["gateway"]),
            "audit_records_per_s": self.audit_records_per_s,
            "worker_mib": self.worker_mib,
            "failed_calls": self.failed(),
        }

    def budgets(self) -> list[tuple[str, float, float, bool]]:
        """Return each budget: name, measured, bound, whether it is met."""
        found = self.values()
        most = [
            ("CPU µs per exchange", "exchange_cpu_us", MOST_CPU_US),
            ("of a Fastify proxy that checks a signature", "exchange_of_fastify", MOST_OF_FASTIFY),
            ("p99 added at 1,500/s, ms", "p99_added_ms_at_1500", MOST_P99_ADDED_MS),
            ("p50 added at 1,500/s, ms", "p50_added_ms_at_1500", MOST_P50_ADDED_MS),
            ("memory of a worker, MiB", "worker_mib", MOST_WORKER_MIB),
            ("calls that failed", "failed_calls", 0),
        ]
        rows = [(name, found[key], bound, found[key] <= bound) for name, key, bound in most]
        share = found["exchange_of_nginx"]
        rows.append(
            ("of bare nginx per CPU second", share, LEAST_OF_NGINX, share >= LEAST_OF_NGINX)
        )
        return rows

    def text(self) -> str:
        """Return the figures for people, as Markdown."""
        lines = ["| Figure | Value |", "|---|--:|"]
        lines += [f"| {name} | {value:,.2f} |" for name, value in self.values().items()]
        lines += ["", "| Budget | Measured | Bound | Met |", "|---|--:|--:|---|"]
        lines += [
            f"| {name} | {value:,.2f} | {bound:,.2f} | {'yes' if met else '**no**'} |"
            for name, value, bound, met in self.budgets()
        ]
        if self.growth:
            lines += ["", growth_text(self.growth)]
        if self.proofs:
            lines += ["", proofs_text(self.proofs)]
        if self.tokens:
            lines += ["", tokens_text(self.tokens)]
        if self.tree:
            lines += ["", tree_text(self.tree)]
        if self.search:
            lines += ["", search_text(self.search)]
        return "\n".join(lines)


def growth_text(rows: list[dict[str, float]]) -> str:
    """Return the cost at each size and, last, the ratio of the largest to the smallest."""
    names = list(rows[0])
    lines = [f"| {' | '.join(('size', *names))} |", "|---|" + "--:|" * len(names)]
    sizes = ("small", "large", "large of small")
    for size, row in zip(sizes, rows, strict=True):
        lines.append(f"| {size} | {' | '.join(f'{row[name]:,}' for name in names)} |")
    return "\n".join(lines)


def machine() -> dict[str, str]:
    """Return what the figures were measured on; no host names."""
    model = next(
        (line.partition(":")[2].strip() for line in Path("/proc/cpuinfo").read_text().splitlines()
         if line.startswith("model name")), platform.machine(),
    )  # fmt: skip
    node = subprocess.run(["node", "--version"], capture_output=True, text=True, check=False)
    named = ("litestar", "uvicorn", "uvloop", "msgspec", "asyncpg")
    return {
        "cpu": model,
        "cores": str(os.cpu_count()),
        "python": platform.python_version(),
        "node": node.stdout.strip(),
        **{name: version(name) for name in named},
    }


def write(figures: Figures) -> None:
    """Keep the figures beside this file, for people and for programs."""
    known = machine()
    values: dict[str, object] = {name: round(v, 3) for name, v in figures.values().items()}
    parts = {
        "growth": figures.growth,
        "proofs": figures.proofs,
        "tokens": figures.tokens,
        "tree": figures.tree,
        "search": figures.search,
    }
    kept = {**values, **parts, "machine": known}
    (HERE / "results.json").write_text(json.dumps(kept, indent=2, ensure_ascii=False) + "\n")
    about = "\n".join(f"- {name}: {value}" for name, value in known.items())
    text = f"# Results of the last `make bench`\n\n{about}\n\n{figures.text()}\n"
    (HERE / "results.md").write_text(text)
