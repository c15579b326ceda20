"""Debian's format of paragraphs."""

from __future__ import annotations

from debian.deb822 import Deb822

from ktstr.kernel.archive.deb822 import stanzas

TEXT = """\
# a list of sources
Package: linux-image-7.0.13-amd64
Version: 7.0.13-1
Description: Linux 7.0
 The kernel, and
 .
 its modules: all of them.
#Size: 1
Size:  12

Package: linux-base
SHA256:
 aa 12 main/Packages
\tbb 13 main/Packages.xz
Empty:
   \t
not a field
 nor its second line
Key : with a blank before its colon


"""


def test_paragraphs_have_fields_and_values_of_several_lines() -> None:
    first, second, third = stanzas(TEXT.splitlines())
    assert (first["Size"], first["Package"]) == ("12", "linux-image-7.0.13-amd64")
    assert first["Description"] == "Linux 7.0\n The kernel, and\n .\n its modules: all of them."
    assert second["SHA256"].splitlines() == ["", " aa 12 main/Packages", "\tbb 13 main/Packages.xz"]
    assert third == {"Key": "with a blank before its colon"}


def test_it_reads_as_python_debian_does() -> None:
    theirs = Deb822.iter_paragraphs(TEXT.replace("not a field\n nor its second line\n", "").splitlines())
    assert list(stanzas(TEXT.splitlines())) == [dict(one) for one in theirs]


def test_an_empty_file_has_none() -> None:
    assert list(stanzas([])) == list(stanzas(["", "# only a comment", " "])) == []
