"""Real servers on free ports of loopback, for tests: PostgreSQL, a bucket (moto), MLflow, Prefect."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

#: Nothing that is written may hold it; beside what a person must mask in an address.
PASSWORD = "planted-7f3a91-pass"
USER = "genre"
BIN = Path(sys.executable).parent
#: Where Debian keeps PostgreSQL's programs, which it does not put on the path.
DEBIAN = "/usr/lib/postgresql/*/bin"
#: Seconds for a server to come up on two busy cores.
LIMIT = 180


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def wait_until(up: Callable[[], bool], *, process: subprocess.Popen[bytes], output: Path) -> None:
    limit = time.monotonic() + LIMIT
    while not up():
        if process.poll() is not None or time.monotonic() > limit:
            raise RuntimeError(f"{process.args} is not up: {output.read_text(errors='replace')[-3000:]}")
        time.sleep(0.1)


def answers(address: str) -> bool:
    import requests

    try:
        return requests.get(address, timeout=5).ok
    except requests.RequestException:
        return False


class Program:
    """A program in a session of its own, so that all it starts ends with it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self.port = free_port()
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def output(self) -> Path:
        return self.folder / "output.txt"

    def run(
        self, command: list[str], *, up: Callable[[], bool], variables: Mapping[str, str] | None = None
    ) -> None:
        with self.output.open("ab") as output:
            self.process = subprocess.Popen(
                command,
                cwd=self.folder,
                env={**os.environ, **(variables or {})},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        wait_until(up, process=self.process, output=self.output)

    def stop(self) -> None:
        if self.process is not None:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
            self.process = None


class PostgreSQL:
    """A cluster of its own, whose user ``genre`` has a password.

    As root it runs as the user ``postgres`` of Debian's package: PostgreSQL refuses root.
    """

    def __init__(self) -> None:
        # Not in pytest's folder, which no other user may enter.
        self.folder = Path(tempfile.mkdtemp(prefix="genre-postgresql-"))
        self.port = free_port()
        self._user = "postgres" if os.geteuid() == 0 else None
        secret = self.folder / "secret"
        secret.write_text(PASSWORD)
        if self._user:
            for path in (self.folder, secret):
                shutil.chown(path, self._user)
        self._call("initdb", "-D", "data", "-U", USER, "--pwfile=secret", "--auth=scram-sha-256", "--no-sync")
        options = {
            "port": self.port,
            "listen_addresses": "127.0.0.1",
            "unix_socket_directories": "",
            "fsync": "off",
        }
        with (self.folder / "data" / "postgresql.conf").open("a") as file:
            file.writelines(f"{key} = '{value}'\n" for key, value in options.items())
        self._call("pg_ctl", "-D", "data", "-w", "-l", "log.txt", "start")

    def _call(self, program: str, *words: str) -> None:
        subprocess.run(
            [str(programs() / program), *words],
            cwd=self.folder,
            user=self._user,
            env={"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8"},
            check=True,
            stdout=subprocess.DEVNULL,
        )

    def database(self, name: str, *, driver: str = "psycopg", password: str = PASSWORD) -> str:
        """The address of a database, made where missing."""
        import psycopg
        from psycopg import sql

        about = {
            "host": "127.0.0.1",
            "port": self.port,
            "user": USER,
            "password": PASSWORD,
            "dbname": "postgres",
        }
        with psycopg.connect(**about, autocommit=True) as connection:  # type: ignore[arg-type]
            if not connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchall():
                connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        return f"postgresql+{driver}://{USER}:{password}@127.0.0.1:{self.port}/{name}"

    def dump(self, name: str) -> str:
        """All tables of a database as text."""
        done = subprocess.run(
            [str(programs() / "pg_dump"), "-h", "127.0.0.1", "-p", str(self.port), "-U", USER, name],
            env={**os.environ, "PGPASSWORD": PASSWORD},
            capture_output=True,
            text=True,
            check=True,
        )
        return done.stdout

    def stop(self) -> None:
        self._call("pg_ctl", "-D", "data", "-w", "-m", "immediate", "stop")
        shutil.rmtree(self.folder)


def programs() -> Path:
    """Where PostgreSQL's programs are; a test that needs them is skipped where they are not."""
    found = [Path(one).parent for one in [shutil.which("initdb")] if one]
    found += sorted(Path("/").glob(DEBIAN.lstrip("/")))
    if not found:
        pytest.skip("NOT RUN: no PostgreSQL here (Debian: apt-get install postgresql)")
    return found[-1]


class Bucket:
    """An S3 server with one bucket, whose keys are ``variables``."""

    NAME = "music"

    def __init__(self) -> None:
        from moto.server import ThreadedMotoServer

        self._server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
        self._server.start()
        host, port = self._server.get_host_and_port()
        self.address = f"http://{host}:{port}"
        import boto3

        keys = {"aws_access_key_id": "planted-key", "aws_secret_access_key": PASSWORD}
        self.client = boto3.client("s3", endpoint_url=self.address, region_name="us-east-1", **keys)
        self.client.create_bucket(Bucket=self.NAME)

    @property
    def variables(self) -> dict[str, str]:
        return {
            "AWS_ACCESS_KEY_ID": "planted-key",
            "AWS_SECRET_ACCESS_KEY": PASSWORD,
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_ENDPOINT_URL": self.address,
            "MLFLOW_S3_ENDPOINT_URL": self.address,
        }

    def names(self, prefix: str) -> list[str]:
        listed = self.client.list_objects_v2(Bucket=self.NAME, Prefix=prefix).get("Contents", [])
        return [one["Key"] for one in listed]

    def contents(self) -> dict[str, bytes]:
        return {
            name: self.client.get_object(Bucket=self.NAME, Key=name)["Body"].read() for name in self.names("")
        }

    @contextmanager
    def closed(self) -> Iterator[None]:
        """Refuse every key meanwhile: it knows none."""
        import requests

        try:
            requests.post(f"{self.address}/moto-api/reset-auth", data=b"0", timeout=60).raise_for_status()
            yield
        finally:
            requests.post(f"{self.address}/moto-api/reset-auth", data=b"inf", timeout=60).raise_for_status()

    def stop(self) -> None:
        self._server.stop()


class MLflow(Program):
    """MLflow's own server; by default over a database and a folder of its own."""

    def __init__(self, folder: Path, *, store: str = "", artifacts: str = "") -> None:
        super().__init__(folder)
        self._store = store or f"sqlite:///{folder}/mlflow.db"
        self._artifacts = artifacts or str(folder / "artifacts")

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self, variables: Mapping[str, str] | None = None) -> None:
        command = [sys.executable, "-m", "mlflow", "server", "--host", "127.0.0.1", "--port", str(self.port)]
        command += ["--workers", "1"]
        own = {
            "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
            "MLFLOW_BACKEND_STORE_URI": self._store,
            "MLFLOW_ARTIFACTS_DESTINATION": self._artifacts,
        }
        self.run(
            command, up=lambda: answers(f"{self.address}/health"), variables={**own, **(variables or {})}
        )


class Prefect(Program):
    """Prefect's own server, over a database; its services as a person's server has them."""

    def __init__(self, folder: Path, *, database: str = "") -> None:
        super().__init__(folder)
        self._database = database or f"sqlite+aiosqlite:///{folder}/prefect.db"

    @property
    def api(self) -> str:
        return f"http://127.0.0.1:{self.port}/api"

    def start(self, variables: Mapping[str, str] | None = None) -> None:
        command = [sys.executable, "-m", "prefect", "server", "start", "--host", "127.0.0.1"]
        command += ["--port", str(self.port), "--no-ui"]
        own = {
            "PREFECT_HOME": str(self.folder / "home"),
            "PREFECT_API_DATABASE_CONNECTION_URL": self._database,
            "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
            "DO_NOT_TRACK": "1",
        }
        self.run(command, up=lambda: answers(f"{self.api}/health"), variables={**own, **(variables or {})})

    # Not by Prefect's command line: each command imports for seconds what the flow that is waited for then lacks.

    def state(self, run_id: str) -> dict[str, str]:
        """State of a flow run."""
        import requests

        found = requests.get(f"{self.api}/flow_runs/{run_id}", timeout=60)
        found.raise_for_status()
        state: dict[str, str] = found.json()["state"]
        return state

    def newest(self, flow: str) -> str:
        """Id of the run of a flow that was created last."""
        listed = self._filtered("flow_runs", {"flows": {"name": {"any_": [flow]}}})
        return str(max(listed, key=lambda run: str(run["created"]))["id"])

    def heartbeats(self, run_id: str) -> int:
        """Number of heartbeats of a flow run that have arrived."""
        about = {
            "event": {"name": ["prefect.flow-run.heartbeat"]},
            "resource": {"id": [f"prefect.flow-run.{run_id}"]},
        }
        return int(self._filtered("events", {"filter": about})["total"])

    def _filtered(self, kind: str, by: dict[str, Any]) -> Any:
        import requests

        found = requests.post(f"{self.api}/{kind}/filter", json=by, timeout=60)
        found.raise_for_status()
        return found.json()


class Worker(Program):
    """A process worker of a pool, in a clone."""

    def __init__(self, clone: Path, *, pool: str, **variables: str) -> None:
        super().__init__(clone.parent / f"worker-{pool}")
        self.clone, self.pool, self.variables = clone, pool, variables

    def start(self) -> None:
        code = f"cd {self.clone} && exec {BIN}/prefect worker start --pool {self.pool}"
        self.run(["bash", "-c", code], up=self._started, variables=self.variables)

    def _started(self) -> bool:
        return "started!" in self.output.read_text(errors="replace")


def prefect(*words: str, folder: Path | None = None, **variables: str) -> str:
    """Run a command of Prefect's; return what it prints."""
    done = subprocess.run(
        [str(BIN / "prefect"), "--no-prompt", *words],
        cwd=folder,
        env={**os.environ, **variables},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, f"{words}: {done.stdout[-3000:]} {done.stderr[-3000:]}"
    return done.stdout
