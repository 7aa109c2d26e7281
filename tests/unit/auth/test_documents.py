"""Registrations as files: read back as written, and every mistake with its line."""

import pytest

from auth import documents
from auth.client import new_client_key
from auth.documents import DocumentsRefused
from tests.party_builders import CLIENT_KEY, OTHER_KEY, a_registration

GOOD = documents.write((a_registration(address_ranges=("10.1.0.0/16", "2001:db8::/32")),))


def found(text: str) -> list[tuple[int, str]]:
    """Return line and code of each finding in *text*."""
    with pytest.raises(DocumentsRefused) as refused:
        documents.read(text, "systems.yaml")
    return [(each.line, each.code) for each in refused.value.findings]


def test_what_is_written_is_read_back_the_same() -> None:
    """Export, keep in version control, apply: nothing changes on the way."""
    registrations = (
        a_registration(sandbox=True, address_ranges=("10.1.0.0/16",)),
        a_registration(client_id="an-sinh", jwks=(OTHER_KEY.public, CLIENT_KEY.public)),
    )

    assert registrations == documents.read(documents.write(registrations), "systems.yaml")


def test_a_document_as_a_person_writes_it() -> None:
    """Optional members have the careful default: live, from anywhere."""
    text = f"""
# the commune
kind: system
client_id: motcua-xa
agency: H99.30.01
name_vi: Một cửa xã
name_en: Commune one-stop
jwks:
  keys:
    - {{kty: EC, crv: P-256, x: {CLIENT_KEY.public["x"]!r}, y: {CLIENT_KEY.public["y"]!r}}}
"""

    (registration,) = documents.read(text, "systems.yaml")

    assert a_registration() == registration


@pytest.mark.parametrize(
    ("text", "line", "code"),
    [
        pytest.param(GOOD.replace("kind: system", "kind: sistem"), 1, "kind_unknown", id="kind"),
        pytest.param(GOOD + "owner: toi\n", 19, "member_unknown", id="unknown member"),
        pytest.param(GOOD + "agency: H1\n", 19, "member_twice", id="member twice"),
        pytest.param(
            GOOD.replace("agency: H99.30.01\n", ""), 1, "member_missing", id="missing member"
        ),
        pytest.param(
            GOOD.replace("client_id: motcua-xa", "client_id: Một cửa"), 2, "not_a_code", id="id"
        ),
        pytest.param(
            GOOD.replace("client_id: motcua-xa", "client_id: 003190000123"),
            2,
            "not_a_code",
            id="a number as id",
        ),
        pytest.param(
            GOOD.replace("client_id: motcua-xa", "client_id: '003190000123'"),
            2,
            "not_a_code",
            id="a person's number as id",
        ),
        pytest.param(
            GOOD.replace("agency: H99.30.01", "agency: h99"), 3, "not_a_code", id="agency"
        ),
        pytest.param(
            GOOD.replace("name_en: Commune one-stop", "name_en: ' '"), 5, "not_a_name", id="name"
        ),
        pytest.param(
            GOOD.replace("sandbox: false", "sandbox: no"), 15, "not_a_flag", id="a flag in words"
        ),
        pytest.param(GOOD.replace("10.1.0.0/16", "10.1.0.1/16"), 17, "not_a_range", id="a range"),
        pytest.param(
            GOOD.replace("10.1.0.0/16", "commune.example"), 17, "not_a_range", id="a host name"
        ),
        pytest.param(GOOD.replace("kty: EC", "kty: RSA"), 8, "key_refused", id="a key of RSA"),
        pytest.param(
            GOOD.replace("kty: EC", f"d: {new_client_key().private['d']!r}\n    kty: EC"),
            8,
            "key_refused",
            id="a private key",
        ),
        pytest.param(
            GOOD.replace("jwks:\n  keys:", "jwks:\n  key:"), 7, "not_a_key_set", id="a key set"
        ),
        pytest.param(
            GOOD.replace("- 10.1.0.0/16\n- 2001:db8::/32", "  all"),
            17,
            "not_a_list",
            id="a word for a list",
        ),
        pytest.param("- a\n- b\n", 1, "not_a_mapping", id="a list"),
        pytest.param("kind: [", 2, "not_yaml", id="not YAML"),
        pytest.param("a: &x 1\nb: *x\n", 2, "alias", id="an alias"),
        pytest.param("kind: !!python/object:os.system x\n", 1, "not_text", id="a tag"),
        pytest.param("x: " + "[" * 5000, 1, "nested_too_deep", id="brackets"),
        pytest.param("# " + "x" * 1_048_576, 1, "file_too_large", id="a novel"),
    ],
)
def test_a_mistake_is_named_with_its_line(text: str, line: int, code: str) -> None:
    """An administrator finds it without reading our code."""
    assert [(line, code)] == found(text)


def test_every_document_tells_its_mistake() -> None:
    """One run shows all there is to mend."""
    text = GOOD.replace("H99.30.01", "h") + "---\n" + GOOD.replace("motcua-xa", "X")

    assert ["not_a_code", "not_a_code"] == [code for _, code in found(text)]


def test_the_same_system_twice_is_a_mistake() -> None:
    """Which of them should count?"""
    assert ["client_id_twice"] == [code for _, code in found(f"{GOOD}---\n{GOOD}")]


def test_the_same_key_twice_is_a_mistake() -> None:
    """A kid that means two keys means none."""
    begin, end = GOOD.index("  - kty"), GOOD.index("sandbox")
    key = GOOD[begin:end]

    assert [(15, "key_twice")] == found(GOOD[:end] + key + GOOD[end:])


def test_a_system_without_a_key_is_a_mistake() -> None:
    """It could never sign on."""
    begin, end = GOOD.index("\n  - kty"), GOOD.index("\nsandbox")

    assert [(7, "no_key")] == found(GOOD[:begin] + " []" + GOOD[end:])


def test_an_empty_document_between_two_is_passed_over() -> None:
    """Editors leave them."""
    assert 1 == len(documents.read(f"---\n---\n{GOOD}---\n", "systems.yaml"))


def test_a_finding_repeats_nothing_of_the_file() -> None:
    """A private key that somebody put there by mistake must not reach a log."""
    secret = new_client_key().private["d"]
    text = GOOD.replace("kty: EC", f"d: {secret!r}\n    kty: EC")

    with pytest.raises(DocumentsRefused) as refused:
        documents.read(text, "systems.yaml")

    assert secret not in str(refused.value)
    assert str(refused.value).startswith("systems.yaml:8: key_refused")


def test_several_files_are_read_as_one() -> None:
    """Each agency keeps a file of its own; one id in two of them is two truths."""
    other = documents.write((a_registration(client_id="an-sinh"),))
    both = documents.read_all({"a.yaml": GOOD, "b.yaml": other})
    with pytest.raises(DocumentsRefused) as refused:
        documents.read_all({"a.yaml": GOOD, "b.yaml": "x: [", "c.yaml": f"---\n{GOOD}"})

    assert ["a.yaml", "b.yaml"] == [each.source for each in both]
    assert [("b.yaml", "not_yaml"), ("c.yaml", "client_id_twice")] == [
        (each.source, each.code) for each in refused.value.findings
    ]


def test_a_mistake_that_shows_only_beside_the_catalog_has_its_line_too() -> None:
    """Who writes the file sees where, whoever found it."""
    (document,) = documents.read_all({"a.yaml": GOOD})

    assert "a.yaml:3: agency_unknown: no" == str(document.finding("agency", "agency_unknown", "no"))
