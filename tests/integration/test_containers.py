"""Files that describe containers: they can be read, hold no secret, and open ports on loopback alone."""

from __future__ import annotations

import re
from typing import Any

import pytest
import yaml

from tests.conftest import PROJECT

COMPOSE: dict[str, Any] = yaml.safe_load((PROJECT / "compose.yaml").read_text(encoding="utf-8"))
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
#: Variables of a service that are secrets.
SECRET = re.compile(r"PASSWORD|SECRET|ACCESS_KEY")


def test_the_example_names_each_variable_and_has_no_secret() -> None:
    lines = (PROJECT / ".env.example").read_text(encoding="utf-8").splitlines()
    given = dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))
    needed = set(re.findall(r"\$\{(\w+)", (PROJECT / "compose.yaml").read_text(encoding="utf-8")))
    assert given.keys() == needed
    assert {name: value for name, value in given.items() if SECRET.search(name) and value} == {}


@pytest.mark.parametrize("name", SERVICES)
def test_secrets_come_from_the_environment_and_ports_are_on_loopback(name: str) -> None:
    service = SERVICES[name]
    for variable, value in (service.get("environment") or {}).items():
        if SECRET.search(variable):
            assert str(value).startswith("${"), variable
    assert all(str(port).startswith("127.0.0.1:") for port in service.get("ports", []))
    assert set(service.get("depends_on", {})) <= set(SERVICES)


def test_every_role_of_ours_has_no_rights_to_spare() -> None:
    ours = [service for service in SERVICES.values() if service["image"] == "localhost/genre-workflow"]
    assert len(ours) > 4
    assert all(service["cap_drop"] == ["ALL"] for service in ours)
    users = re.findall(r"^USER (\S+)", (PROJECT / "Containerfile").read_text(encoding="utf-8"), re.MULTILINE)
    assert users == ["1000:0"]
