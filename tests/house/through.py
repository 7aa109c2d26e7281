"""Modules that no test names or imports, and the test that runs them all the same."""

DISCLOSURE = "tests/integration/gateway/disclosure"

THROUGH: dict[str, str] = {
    "adapters/insurance_answers.py": "tests/integration/adapters/test_insurance.py",
    "adapters/land_answers.py": "tests/integration/adapters/test_land.py",
    "catalog/lint_agreements.py": "tests/unit/catalog/test_lint.py",
    "catalog/lint_procedures.py": "tests/unit/catalog/test_lint.py",
    "catalog/lint_services.py": "tests/unit/catalog/test_lint.py",
    "gateway/cli/heads.py": "tests/integration/gateway/witnessing/test_server.py",
    "gateway/demo/proving.py": "tests/e2e/test_story.py",
    "gateway/cli/keeping.py": "tests/integration/gateway/cli/test_keep.py",
    "gateway/disclosure/counts.py": f"{DISCLOSURE}/test_own.py",
    "gateway/disclosure/gathering.py": f"{DISCLOSURE}/test_days.py",
    "gateway/disclosure/numbers.py": f"{DISCLOSURE}/test_sealing.py",
    "gateway/disclosure/question_repository.py": f"{DISCLOSURE}/test_asking.py",
    "gateway/disclosure/rows.py": f"{DISCLOSURE}/test_own.py",
    "gateway/disclosure/seal_repository.py": f"{DISCLOSURE}/test_sealing.py",
    "gateway/disclosure/traces.py": f"{DISCLOSURE}/test_own.py",
    "gateway/disclosure/walk.py": f"{DISCLOSURE}/test_days.py",
    "gateway/embedded/cluster.py": "tests/integration/gateway/embedded/test_server.py",
    "gateway/embedded/directory.py": "tests/integration/gateway/embedded/test_server.py",
    "gateway/findings/desk.py": "tests/integration/gateway/wiring/test_findings.py",
    "gateway/findings/due_repository.py": "tests/integration/gateway/findings/test_follower.py",
    "gateway/keeper.py": "tests/integration/gateway/cli/test_keep.py",
    "auth/settings_people.py": "tests/unit/gateway/test_settings.py",
    "gateway/settings_production.py": "tests/unit/gateway/test_settings.py",
    "gateway/settings_shape.py": "tests/unit/gateway/test_settings.py",
    "gateway/wiring/every.py": "tests/house/test_routes.py",
    "gateway/wiring/parts.py": "tests/integration/gateway/cli/test_keep.py",
}
