"""What is read of a file from Goodreads, and what a post is made of it."""

import io

import pytest

from posts import goodreads
from posts.models import BODY_LENGTH

from ..goodreads import COLUMNS, file, row


def read(data: bytes) -> list[dict[str, str]]:
    return list(goodreads.read(io.BytesIO(data)))


def complaint(data: bytes) -> str:
    with pytest.raises(goodreads.Unreadable) as complaint:
        read(data)
    return str(complaint.value)


def written(**columns: str) -> dict[str, str | bool]:
    return goodreads.written(read(file(row(**columns)))[0])


class TestFile:
    def test_each_book_is_a_row_and_private_notes_are_left_where_they_are(self) -> None:
        rows = read(file(row(1), row(2, My_Review="One.<br/>\nTwo, “three”.")))
        assert [found["Title"] for found in rows] == ["Book 1", "Book 2"]
        assert rows[1]["My Review"] == "One.<br/>\nTwo, “three”."
        assert "Nobody's business" not in str(rows)

    def test_a_byte_order_mark_windows_line_ends_and_another_order_of_columns_are_no_trouble(self) -> None:
        for columns in (COLUMNS, COLUMNS[::-1]):
            data = b"\xef\xbb\xbf" + file(row(), columns=columns).replace(b"\n", b"\r\n")
            assert read(data)[0]["Book Id"] == "1"

    def test_a_row_that_ends_early_has_nothing_in_its_last_columns(self) -> None:
        assert read(file(row()).split(b"\r\n")[0] + b"\r\n7,A title\r\n")[0]["My Review"] == ""

    def test_a_line_ends_where_csv_says_so_and_a_column_that_is_there_twice_is_no_trouble(self) -> None:
        data = file(row(Title="a\u2028b\x0bc", Author="")).replace(b"Owned Copies", b"ISBN,ISBN13,Book Id,Title")
        assert read(data)[0]["Title"] == ""
        assert goodreads.title_of(read(file(row(Title="a\u2028b\x0bc")))[0]) == "a bc"

    def test_what_is_no_utf_8_is_said_with_its_line(self) -> None:
        assert complaint(file(row(), row(Title="Grüße")).decode().encode("latin-1")).startswith("Line 3 is not text")

    @pytest.mark.parametrize(
        ("data", "words"),
        [
            (b"", "no column “Book Id”, “Title”"),
            (b"\x00\x01", "not a CSV file"),
            (b"Title,Author\nA,B\n", "no column “Book Id”, “ISBN”"),
            (file(row(Title="a" * 200_001)), "field larger"),
            (b"x" * (5 * 1024 * 1024 + 1), "5 MB is the most"),
            (file(*(row(number, My_Review="") for number in range(5_001))), "more than 5,000 rows"),
        ],
    )
    def test_what_is_no_such_file_is_refused_in_words(self, data: bytes, words: str) -> None:
        assert words in complaint(data)


class TestPost:
    def test_the_review_is_the_post_with_its_stars_first(self) -> None:
        post = written(Title="The Summer Book", My_Review="I <b>liked</b> it.<br/><br/>All of it.", My_Rating="4")
        assert post["title"] == post["book_title"] == "The Summer Book"
        assert post["book_author"] == "Tove Jansson"
        assert post["body"] == "★★★★☆\n\nI **liked** it.\n\nAll of it."

    def test_without_a_rating_there_are_no_stars(self) -> None:
        assert written(My_Rating="0")["body"] == "I liked number 1."

    def test_without_a_review_it_is_the_stars_and_without_those_the_shelf(self) -> None:
        assert written(My_Review="")["body"] == "★★★★☆"
        assert written(My_Review="", My_Rating="0", Exclusive_Shelf="to-read")["body"] == "On my shelf “to-read”."

    def test_a_series_is_no_part_of_the_book_s_title(self) -> None:
        post = written(Title="A Wizard of Earthsea (Earthsea Cycle, #1)")
        assert post["title"] == "A Wizard of Earthsea (Earthsea Cycle, #1)"
        assert post["book_title"] == "A Wizard of Earthsea"

    @pytest.mark.parametrize(
        ("isbn", "isbn13", "expected"),
        [
            ('="098020044X"', '="9780980200447"', "9780980200447"),
            ('="098020044X"', '=""', "9780980200447"),
            ('=""', '=""', ""),
            ('="098020044X"', '="9780980200440"', "9780980200447"),
            ('="x"', '="1"', ""),
        ],
    )
    def test_the_isbn_is_the_first_that_is_right(self, isbn: str, isbn13: str, expected: str) -> None:
        assert written(ISBN=isbn, ISBN13=isbn13)["isbn"] == expected

    @pytest.mark.parametrize(
        ("columns", "words"),
        [
            ({"Title": " \u200b "}, "no title"),
            ({"My_Review": "x" * (BODY_LENGTH + 1)}, "longer than 20,000"),
            ({"My_Review": "x" + "<u></u>" * BODY_LENGTH}, "longer than 20,000"),
            ({"My_Review": "", "My_Rating": "", "Exclusive_Shelf": ""}, "neither a review"),
        ],
    )
    def test_what_cannot_be_a_post_says_why(self, columns: dict[str, str], words: str) -> None:
        with pytest.raises(goodreads.Unfit, match=words):
            written(**columns)

    @pytest.mark.parametrize(
        ("columns", "hidden"),
        [({}, False), ({"Spoiler": "true"}, True), ({"My_Review": "She <spoiler>dies</spoiler>."}, True)],
    )
    def test_what_is_marked_as_a_spoiler_stays_one(self, columns: dict[str, str], hidden: bool) -> None:
        assert written(**columns)["spoiler"] is hidden

    def test_a_book_without_its_number_could_not_be_known_again(self) -> None:
        with pytest.raises(goodreads.Unfit, match="Book Id"):
            goodreads.key_of(row(Book_Id="12 OR 1"))
