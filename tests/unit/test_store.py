from lumeo.store import store


def test_table_is_the_templates(cloud: dict[str, str]) -> None:
    assert store().get("0" * 26) is None
