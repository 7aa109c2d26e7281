"""The web framework as we take it."""

from gateway.api.framework import Framework


def test_the_framework_looks_for_no_models_but_ours() -> None:
    """To know other libraries' models it would load them, each more than one worker can bear."""
    kinds = {type(each).__module__ for each in Framework(openapi_config=None).plugins}

    assert set() == {each for each in kinds if "pydantic" in each or "attrs" in each}
    assert "litestar.plugins.core._msgspec" in kinds
