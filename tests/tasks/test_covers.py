"""What comes of a cover's address."""

import pytest
from pytest_django import Settings

from posts.pictures import Cover
from tasks import covers, googlebooks, openlibrary
from tasks.outside import NotFound, Outside, Unreachable

from ..catalogue import Catalogue, picture, status


def fetched(cover_id: int) -> Cover:
    with Outside() as outside:
        return covers.fetch(outside, openlibrary.cover_url(cover_id))


def test_it_is_asked_for_by_number_and_never_as_a_stand_in(catalogue: Catalogue) -> None:
    catalogue.add("9780980200447", cover=picture())
    assert fetched(5_546_156).width == 400
    assert catalogue.asked == ["/b/id/5546156-L.jpg?default=false"]


def test_no_cover_is_not_found(catalogue: Catalogue) -> None:
    with pytest.raises(NotFound):
        fetched(1)


def test_the_stand_in_for_no_cover_is_not_one(catalogue: Catalogue) -> None:
    with Outside() as outside, pytest.raises(NotFound, match="1 by 1"):
        covers.fetch(outside, f"{catalogue.url}/b/id/1-L.jpg")


def test_a_cover_may_be_kept_at_another_of_the_hosts(catalogue: Catalogue, settings: Settings) -> None:
    with Catalogue() as front:
        front.answer("/b/id/", status(302, Location=f"{catalogue.url}/b/id/5546156-L.jpg"))
        settings.COVERS_URL = front.url
        settings.EXPLICIT_CATALOGUES = [front.url, catalogue.url]
        catalogue.add("9780980200447", cover=picture())
        assert fetched(5_546_156).width == 400


def test_a_cover_is_not_followed_to_a_stranger(catalogue: Catalogue) -> None:
    with Catalogue() as stranger:
        catalogue.answer("/b/id/", status(302, Location=f"{stranger.url}/b/id/5546156-L.jpg"))
        with pytest.raises(Unreachable, match="not at a catalogue's host"):
            fetched(5_546_156)
        assert stranger.asked == []


def test_google_s_is_asked_for_by_its_volume(google: Catalogue) -> None:
    google.add_volume("Slow reading", "John Miedema", cover=picture())
    with Outside() as outside:
        assert covers.fetch(outside, googlebooks.cover_url("3Vi2uQAAC0_-")).width == 400
    assert google.asked == ["/books/content?id=3Vi2uQAAC0_-&printsec=frontcover&img=1&zoom=1"]
