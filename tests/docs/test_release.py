"""A release is one version everywhere: the package, the command and the changelog."""

from __future__ import annotations

import re
import tomllib
from datetime import date

from support.command import run
from support.paths import ROOT

import harvest_duck

VERSION = harvest_duck.__version__
SETTINGS = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))


def test_the_version_is_that_of_the_package_everywhere() -> None:
    assert re.fullmatch(r"\d+\.\d+\.\d+", VERSION)
    assert "version" in SETTINGS["project"]["dynamic"]
    assert (ROOT / SETTINGS["tool"]["hatch"]["version"]["path"]).samefile(harvest_duck.__file__)
    assert run("--version").stdout == f"harvest-duck, version {VERSION}\n"


def test_the_changelog_begins_with_what_is_unreleased_and_the_release_of_this_version() -> None:
    headings = re.findall(r"^## (.*)$", (ROOT / "CHANGELOG.md").read_text("utf-8"), re.MULTILINE)
    assert headings[0] == "[Unreleased]"
    released = [re.fullmatch(r"\[(\d+\.\d+\.\d+)\] - (\d{4}-\d\d-\d\d)", heading) for heading in headings[1:]]
    assert all(released), headings
    versions = [(tuple(map(int, each[1].split("."))), date.fromisoformat(each[2])) for each in released if each]
    assert versions == sorted(versions, reverse=True)
    assert headings[1].startswith(f"[{VERSION}] ")


def test_the_changelog_has_each_heading_and_each_line_of_a_version_once() -> None:
    for version in re.split(r"^## ", (ROOT / "CHANGELOG.md").read_text("utf-8"), flags=re.MULTILINE)[1:]:
        headings = re.findall(r"^### (.*)$", version, re.MULTILINE)
        assert headings == [each for each in ("Added", "Changed", "Fixed") if each in headings], version[:20]
        entries = re.findall(r"^- .*(?:\n  .*)*", version, re.MULTILINE)
        assert len(set(entries)) == len(entries)


def test_the_versions_of_python_are_those_that_are_tested() -> None:
    named = {
        classifier.rpartition(" ")[2]
        for classifier in SETTINGS["project"]["classifiers"]
        if classifier.startswith("Programming Language :: Python :: 3.")
    }
    assert named == set(re.findall(r"3\.1\d", (ROOT / ".ci" / "versions").read_text("utf-8")))


def test_an_installation_without_extras_takes_what_it_always_took() -> None:
    names = {re.split(r"[<>=\[; ]", each)[0] for each in SETTINGS["project"]["dependencies"]}
    always = "aiohttp authlib click duckdb isal jinja2 msgspec platformdirs pyarrow pytz rich tenacity tomlkit"
    assert names == set(always.split())
