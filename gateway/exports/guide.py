"""The page that tells a stranger how to check an export with programs that are not ours; pure."""

from gateway.exports.manifest import Manifest

NAME = "README.md"

_VI = """# Bằng chứng từ nhật ký truy cập dữ liệu

Gói này do cổng dữ liệu `{origin}` xuất ra.
Mỗi bản ghi nằm trong một cây băm chỉ ghi thêm, không sửa được.
Không cần tin cổng dữ liệu: mọi thứ ở đây kiểm tra được khi không có mạng,
bằng chương trình của người khác.

| Tệp | Là gì |
|---|---|
| `manifest.txt` | danh sách tệp và mã băm SHA-256, ký theo C2SP signed-note |
| `policy` | khoá của nhật ký và của các bên làm chứng, số bên cần có (C2SP tlog-policy) |
| `keys/` | các khoá công khai, mỗi khoá một dòng |
| `checkpoint` | cam kết đã ký về {size} lá của cây (C2SP tlog-checkpoint) |
{more_vi}

**Khoá lấy từ đâu?** Đừng lấy từ gói này: hãy so `policy` với khoá mà bên làm chứng
hoặc cơ quan kiểm toán đã công bố.
"""
_BUNDLE_VI = """| `records/<số>.json` | từng bản ghi, đúng từng byte như đã lưu (RFC 8785) |
| `proofs/<số>.tlog-proof` | bằng chứng bản ghi nằm trong cây (C2SP tlog-proof) |
| `checkpoint.old`, `consistency` | cam kết cũ hơn và bằng chứng rằng không gì bị bỏ đi từ đó |
| `index.html` | trang đọc được |"""
_RECORDS_VI = "| `records.jsonl` hoặc `records.xlsx` | các bản ghi |"

_EN = """
---

# Evidence from the access log

This archive was taken from the log `{origin}`.
Every record is a leaf of a hash tree that only grows.
Nothing here asks you to believe the gateway: all of it can be checked offline,
with programs that others wrote.

| File | What it is |
|---|---|
| `manifest.txt` | every file with its SHA-256, as a C2SP signed note |
| `policy` | keys of the log and of its witnesses, and how many it takes (C2SP tlog-policy) |
| `keys/` | the public keys, one line each |
| `checkpoint` | a signed commitment to {size} leaves of the tree (C2SP tlog-checkpoint) |
{more_en}

**Where do the keys come from?** Not from here: compare `policy` with what a witness or the audit
office has published.

## With our program

    motlan audit verify THIS-FILE.zip --policy YOUR-OWN-POLICY

## With somebody else's

Leaf hash of one record (RFC 6962), with OpenSSL; it must be the `leaf` that stands in
`records.jsonl` or in the last column of the sheet:

    (printf '\\000'; cat records/{sample}.json) | openssl dgst -sha256

Signature of the checkpoint and the path from the record to its root, with Go's own library
(`golang.org/x/mod/sumdb/note` and `golang.org/x/mod/sumdb/tlog`):

    verifier, _ := note.NewVerifier(vkey)                  // a line of keys/
    opened, err := note.Open(checkpoint, note.VerifierList(verifier))
    // opened.Text is three lines: origin, size, root in base64
    err = tlog.CheckRecord(path, size, root, index, tlog.RecordHash(record))

`path` are the lines of `proofs/{sample}.tlog-proof` after `index`, each 32 bytes in base64.
The lines after `old N` in `consistency` are the proof that `tlog.CheckTree` takes.
The whole format: https://c2sp.org/tlog-proof
"""
_BUNDLE_EN = """| `records/<index>.json` | each record, byte for byte as it was stored (RFC 8785) |
| `proofs/<index>.tlog-proof` | proof that the record stands in the tree (C2SP tlog-proof) |
| `checkpoint.old`, `consistency` | an older commitment, and proof that nothing has left since |
| `index.html` | a page to read |"""
_RECORDS_EN = "| `records.jsonl` or `records.xlsx` | the records |"


def guide(manifest: Manifest, *, bundle: bool) -> str:
    """Return the page, Vietnamese first."""
    sample = 0 if manifest.first_index is None else manifest.first_index
    return (_VI + _EN).format(
        origin=manifest.tree.origin,
        size=manifest.tree.size,
        sample=sample,
        more_vi=_BUNDLE_VI if bundle else _RECORDS_VI,
        more_en=_BUNDLE_EN if bundle else _RECORDS_EN,
    )
