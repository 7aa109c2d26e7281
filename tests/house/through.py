"""Modules that no test names or imports, and the test that runs them all the same."""

THROUGH: dict[str, str] = {
    "adapters/insurance_answers.py": "tests/integration/adapters/test_insurance.py",
    "adapters/land_answers.py": "tests/integration/adapters/test_land.py",
    "adapters/population_answers.py": "tests/integration/adapters/test_population.py",
    "adapters/population_operations.py": "tests/integration/adapters/test_population.py",
    "catalog/lint_agreements.py": "tests/unit/catalog/test_lint.py",
    "catalog/lint_procedures.py": "tests/unit/catalog/test_lint.py",
    "catalog/lint_services.py": "tests/unit/catalog/test_lint.py",
    "gateway/embedded/cluster.py": "tests/integration/gateway/embedded/test_server.py",
    "gateway/embedded/directory.py": "tests/integration/gateway/embedded/test_server.py",
    "gateway/embedded/programs.py": "tests/integration/gateway/embedded/test_server.py",
    "mocks/__main__.py": "tests/integration/mocks/test_mocks.py",
    "mocks/careers.py": "tests/unit/mocks/test_province.py",
    "mocks/clock.py": "tests/integration/mocks/test_insurance.py",
    "mocks/doors.py": "tests/integration/mocks/test_civil.py",
    "mocks/estates.py": "tests/unit/mocks/test_province.py",
    "mocks/families.py": "tests/unit/mocks/test_province.py",
    "mocks/population_records.py": "tests/integration/mocks/test_population.py",
    "mocks/store.py": "tests/integration/mocks/test_mocks.py",
}
