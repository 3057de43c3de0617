"""A process that has imported what commands import, and forks one for each: a command then begins in a moment.

TensorFlow's import takes four seconds, Great Expectations' three, DVC's one, and a run has some thirty stages.

A fork copies the thread that calls it and no other, so it is safe only in a process that has one, and holds no
lock of a library that keeps threads or devices. This process imports, waits, and forks: no operation of TensorFlow runs
in it, so its runtime, which has the threads, begins in the stage. Values are those of a process that was started
anew, to the last bit.

The project's own modules are not imported here: they may change while a flow runs, and DVC records them as they are
when a stage begins.

Standard library only: ``genre`` sends a stage's command here before it has imported anything else.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import json
import os
import pkgutil
import select
import signal
import socket
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from flows.process import supervisor

#: Environment variable with the address at which a stage's command is sent to this process.
ADDRESS = "GENRE_PRELOADED"
#: What a command's program is, as ``module:function``.
PROGRAMS = {"genre": "flows.cli:main", "dvc": "dvc.cli:main"}
#: What the server writes once it can be reached.
READY = b"ready\n"
#: Bytes of the number that a message begins with: the length of the rest.
HEAD = 8
#: Exit status of a command whose end is not known, as of one that SIGKILL ended.
KILLED = 128 + signal.SIGKILL


@contextlib.contextmanager
def _short(address: str) -> Iterator[str]:
    """Give a socket's path another name: the system takes 108 bytes at most, and a project may lie deep."""
    folder, name = os.path.split(address)
    descriptor = os.open(folder, os.O_PATH | os.O_DIRECTORY)
    try:
        yield f"/proc/self/fd/{descriptor}/{name}"
    finally:
        os.close(descriptor)


class Fork:
    """A forked child; see :class:`flows.process.supervisor.Child`."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self.returncode: int | None = None

    def poll(self) -> int | None:
        """Reap it if it has ended; return its exit status, -N for signal N, or None."""
        if self.returncode is None:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self.returncode = os.waitstatus_to_exitcode(status)
        return self.returncode


def send(
    address: str, command: Sequence[str], *, root: str, environment: dict[str, str], streams: Sequence[int]
) -> socket.socket:
    """Have a command run in a process forked from the one at ``address``.

    Parameters
    ----------
    address : str
        Of a server that :func:`main` runs.
    command : sequence of str
        A key of :data:`PROGRAMS`, and arguments.
    root : str
        Where it works.
    environment : dict of str to str
        All of its environment.
    streams : sequence of int
        Descriptors that become its standard input, output and error.

    Returns
    -------
    socket
        Shut down for writing, or closed, it stops the command; read by :func:`status`, it gives the exit status.

    Raises
    ------
    OSError
        If there is no server.
    """
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        with _short(address) as path:
            connection.connect(path)
        about = json.dumps({"command": list(command), "root": root, "environment": environment}).encode()
        socket.send_fds(connection, [len(about).to_bytes(HEAD, "big")], list(streams))
        connection.sendall(about)
    except OSError:
        connection.close()
        raise
    return connection


def status(connection: socket.socket) -> int:
    """Wait for the end of a command, and return its exit status."""
    with contextlib.suppress(ConnectionError):
        if number := connection.recv(HEAD):
            return int.from_bytes(number, "big")
    return KILLED


def run(command: Sequence[str]) -> int:
    """Run a command in a process forked from that at :data:`ADDRESS`, in place of this one; return its exit status."""
    # The command's own processes end, and report their status, before this one does.
    connection: socket.socket | None = None

    def stop(_number: int, _frame: Any) -> None:
        if connection is not None:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_WR)

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, stop)
    address = os.environ.pop(ADDRESS)
    try:
        connection = send(
            address, command, root=str(Path.cwd()), environment=dict(os.environ), streams=(0, 1, 2)
        )
    except OSError as error:
        print(f"genre: the process that stages are forked from has ended ({error.strerror})", file=sys.stderr)
        return 1
    return status(connection)


def main(address: str, modules: Sequence[str]) -> int:
    """Import modules, and fork a process for each command that is sent, until a signal ends this one.

    Parameters
    ----------
    address : str
        Path of the Unix socket to make.
    modules : sequence of str
        Their names, in the order in which they are needed. A command that comes meanwhile does not wait for the rest.

    Returns
    -------
    int
        In each forked process, the exit status of its command.
    """
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listener:
        with _short(address) as path:
            listener.bind(path)
        listener.listen()
        os.write(1, READY)
        try:
            program = _serve(listener, list(modules))
        except KeyboardInterrupt:
            return 0
    # In the forked process, outside all that the server holds: it ends as any other program does.
    return program() or 0


def _serve(listener: socket.socket, modules: Sequence[str]) -> Callable[[], int | None]:
    """Return only in forked processes: what each is to run."""
    for module in modules:
        while select.select([listener], [], [], 0.0)[0]:
            if program := _fork(listener):
                return program
        # One that is missing, or has moved, is imported, or missed, by the stage that needs it.
        with contextlib.suppress(ImportError):
            importlib.import_module(module)
    # What was made until now stays: the collector of no forked process need look at it, and so copy it.
    gc.freeze()
    ended, wake = os.pipe()
    os.set_blocking(wake, False)
    signal.set_wakeup_fd(wake, warn_on_full_buffer=False)
    signal.signal(signal.SIGCHLD, lambda _number, _frame: None)
    while True:
        # Also those that ended while modules were imported.
        with contextlib.suppress(ChildProcessError):
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
        ready, _, _ = select.select([listener.fileno(), ended], [], [])
        if ended in ready:
            os.read(ended, 512)
        if listener.fileno() in ready and (program := _fork(listener)):
            return program


def _fork(listener: socket.socket) -> Callable[[], int | None] | None:
    """Wait for a command and fork its processes; return in its own what it is to run, in the server None."""
    connection, _ = listener.accept()
    with connection:
        try:
            about, streams = _receive(connection)
        except ConnectionError:
            return None  # whoever sent it was killed in the middle
        if threading.active_count() > 1:
            names = ", ".join(thread.name for thread in threading.enumerate()[1:])
            raise RuntimeError(f"a fork is not safe beside the threads {names}")
        if os.fork() == 0:
            listener.close()
            return _supervised(connection, about, streams)
        for stream in streams:
            os.close(stream)
    return None


def _receive(connection: socket.socket) -> tuple[dict[str, Any], list[int]]:
    head, streams, _, _ = socket.recv_fds(connection, HEAD, 3)
    missing, text = int.from_bytes(head, "big"), b""
    while missing > len(text):
        if not (part := connection.recv(missing - len(text))):
            raise ConnectionError("a command was not sent to its end")
        text += part
    return json.loads(text), streams


def _supervised(
    connection: socket.socket, about: dict[str, Any], streams: list[int]
) -> Callable[[], int | None]:
    """Fork once more: return in the child, supervise it in this process."""
    for number, stream in enumerate(streams):
        os.dup2(stream, number)
        os.close(stream)
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    pid = os.fork()
    if pid == 0:
        connection.close()
        supervisor.die_with_supervisor()
        os.chdir(about["root"])
        os.environ.clear()
        os.environ.update(about["environment"])
        sys.argv = about["command"]
        return lambda: pkgutil.resolve_name(PROGRAMS[sys.argv[0]])()
    ended = supervisor.supervise(lambda: Fork(pid), stop=connection.fileno())
    with contextlib.suppress(OSError):
        connection.sendall(ended.to_bytes(HEAD, "big"))
    os._exit(0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2:]))
