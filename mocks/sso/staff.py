"""The officials' realm: who works where; which roles they hold is for the gateway to say."""

from msgspec import Struct

from mocks.sso.accounts import Account, opaque

REALM = "staff"
_AMR = (("pwd",), ("pwd", "hwk", "mfa"))  # RFC 8176; level 2 is a key on a card


class Post(Struct, frozen=True):
    """One person of the administration: number, name, agency of the seed, and the post."""

    number: str
    name: str
    agency: str
    post: str
    post_vi: str


POSTS = (
    Post("CB-0001", "Nguyễn Thị Thu Hà", "H99.30.01", "one-stop counter", "một cửa Vĩnh Trà"),
    Post("CB-0002", "Trần Minh Đức", "H99.30.02", "one-stop counter", "một cửa Vân Thành"),
    Post("CB-0003", "Phạm Quang Vinh", "H99.05", "building permits", "cấp phép xây dựng"),
    Post("CB-0004", "Lê Thị Hồng Gấm", "H99.12.01", "land registration", "đăng ký đất đai"),
    Post("CB-0005", "Vũ Đình Khải", "H99.18", "social insurance", "chế độ bảo hiểm xã hội"),
    Post("CB-0006", "Hoàng Văn Sáng", "H99.20.01", "residence police", "công an quản lý cư trú"),
    Post("CB-0101", "Đặng Thị Kiểm", "H99.10", "auditor", "kiểm toán viên"),
    Post("CB-0102", "Bùi Thanh Tra", "H99.10", "second auditor", "kiểm toán viên thứ hai"),
    Post("CB-0103", "Ngô Thị Bảo Mật", "H99.02", "privacy officer", "bảo vệ dữ liệu cá nhân"),
    Post("CB-0104", "Đỗ Hữu Danh", "H99.07", "catalog officer", "cán bộ danh mục dữ liệu"),
    Post("CB-0105", "Dương Công Bố", "H99.07", "publisher", "người công bố danh mục"),
    Post("CB-0106", "Lý Vận Hành", "H99.07", "operator", "cán bộ vận hành nền tảng"),
    Post("CB-0107", "Mai Quản Trị", "H99.12", "agency administrator", "quản trị của cơ quan"),
    Post("CB-0108", "Cao Thị Đầu Mối", "H99.18", "agency administrator", "quản trị của cơ quan"),
    Post(
        "CB-0109",
        "Tạ Thế Phiên",
        "H99.02",
        "second privacy officer",
        "bảo vệ dữ liệu thứ hai",
    ),
    Post("CB-0199", "Đinh Người Lạ", "H99.08", "no account here", "chưa được cấp tài khoản"),
)


def staff() -> tuple[Account, ...]:
    """Return the realm's accounts, in order of their numbers."""
    return tuple(_account(post) for post in POSTS)


def _account(post: Post) -> Account:
    return Account(
        id=post.number.lower(),
        sub=opaque(REALM, "sub", post.number),
        name=post.name,
        shows=f"{post.post}, {post.agency}",
        shows_vi=f"{post.post_vi} ({post.agency})",
        claims={
            "HoVaTen": post.name,
            "TechID": opaque(REALM, "tech", post.number),
            "ma_can_bo": post.number,
            "ma_don_vi": post.agency,
        },
        amr=_AMR,
    )
