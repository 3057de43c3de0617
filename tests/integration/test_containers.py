"""Files that describe containers: they can be read, hold no secret, fit together, and open ports on loopback alone."""

from __future__ import annotations

import re
from typing import Any

import pytest
import yaml

from tests.conftest import PROJECT

COMPOSE: dict[str, Any] = yaml.safe_load((PROJECT / "compose.yaml").read_text(encoding="utf-8"))
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
MANIFESTS = PROJECT / "deploy" / "kubernetes"
KINDS = yaml.safe_load((MANIFESTS / "kustomization.yaml").read_text(encoding="utf-8"))["resources"]
OBJECTS: list[dict[str, Any]] = [
    one for name in KINDS for one in yaml.safe_load_all((MANIFESTS / name).read_text(encoding="utf-8"))
]
PODS = {
    one["metadata"]["name"]: one["spec"]["template"]["spec"] for one in OBJECTS if one["kind"] == "Deployment"
}
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


def test_kustomization_names_every_manifest() -> None:
    assert sorted(KINDS) == sorted(
        path.name for path in MANIFESTS.iterdir() if path.name != "kustomization.yaml"
    )


def test_services_lead_to_a_port_of_the_deployment_they_select() -> None:
    services = [one for one in OBJECTS if one["kind"] == "Service"]
    assert len(services) > 4
    for service in services:
        pod = PODS[service["spec"]["selector"]["app"]]
        opened = {port["containerPort"] for one in pod["containers"] for port in one.get("ports", [])}
        assert {port["port"] for port in service["spec"]["ports"]} <= opened, service["metadata"]["name"]


def test_what_pods_refer_to_is_among_the_manifests() -> None:
    named = {(one["kind"], one["metadata"]["name"]) for one in OBJECTS}
    for name, pod in PODS.items():
        for volume in pod.get("volumes", []):
            if "persistentVolumeClaim" in volume:
                assert ("PersistentVolumeClaim", volume["persistentVolumeClaim"]["claimName"]) in named, name
            else:
                assert ("ConfigMap", volume["configMap"]["name"]) in named, name
        mounted = {mount["name"] for one in pod["containers"] for mount in one.get("volumeMounts", [])}
        assert mounted == {volume["name"] for volume in pod.get("volumes", [])}, name


@pytest.mark.parametrize("name", PODS)
def test_pods_take_secrets_from_the_secret_and_those_of_ours_have_no_rights_to_spare(name: str) -> None:
    example = (PROJECT / ".env.example").read_text(encoding="utf-8")
    pod = PODS[name]
    for container in [*pod.get("initContainers", []), *pod["containers"]]:
        for variable in container.get("env", []):
            if SECRET.search(variable["name"]):
                key = variable["valueFrom"]["secretKeyRef"]
                assert key["name"] == "genre"
                assert f"{key['key']}=" in example
        if container["image"] == "localhost/genre-workflow":
            assert pod["securityContext"]["runAsNonRoot"] is True
            assert container["securityContext"] == {
                "allowPrivilegeEscalation": False,
                "capabilities": {"drop": ["ALL"]},
            }


def test_addresses_and_images_are_those_of_compose() -> None:
    addresses = next(one["data"] for one in OBJECTS if one["metadata"]["name"] == "addresses")
    assert addresses == COMPOSE["x-addresses"]
    images = {container["image"] for pod in PODS.values() for container in pod["containers"]}
    assert images == {service["image"] for service in SERVICES.values()}
    databases = next(
        one["data"] for one in OBJECTS if one["kind"] == "ConfigMap" and "databases.sql" in one["data"]
    )
    kept = (PROJECT / "deploy" / "postgres" / "databases.sql").read_text(encoding="utf-8")
    assert set(databases["databases.sql"].splitlines()) == {
        line for line in kept.splitlines() if not line.startswith("--")
    }
