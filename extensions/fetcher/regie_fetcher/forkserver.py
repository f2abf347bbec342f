"""The warm process that extractors are forked from: `python -m regie_fetcher.forkserver FD`.

It loads yt-dlp and lets it work once, so that a fork begins where a fresh process arrives after 0.7 s. On the control
socket it takes `F` with the socket of a new job, and `K` with the process id of one to kill; it answers each `F` with
the id. When the control socket closes, because the service ended in whatever way, it kills all jobs and ends.
"""

import gc
import json
import os
import resource
import selectors
import signal
import socket
import struct
import sys
import threading
from contextlib import suppress

COMMAND = struct.Struct("!cI")
PID = struct.Struct("!I")
LENGTH = struct.Struct("!I")
FORK = b"F"
KILL = b"K"
# The service's word that a job may fetch media; any end of its socket kills the job.
GO = b"G"

# Caps Python and its children without breaking runtimes that reserve address space, as RLIMIT_AS would.
MEMORY_BYTES = 1024 * 1024 * 1024
CPU_S = 4 * 3600
NICE = 5
LATE_COLLECTIONS = (100_000, 50, 100)


class ForkServer:
    """Forks, kills and reaps the jobs that the service asks for."""

    def __init__(self, control: socket.socket) -> None:
        self._control = control
        self._jobs: set[int] = set()
        self._wake, self._woken = socket.socketpair()
        self._wake.settimeout(0)
        self._woken.settimeout(0)

    def serve(self) -> None:
        """Obey until the control socket closes."""
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.set_wakeup_fd(self._wake.fileno(), warn_on_full_buffer=False)
        with selectors.DefaultSelector() as selector:
            selector.register(self._control, selectors.EVENT_READ)
            selector.register(self._woken, selectors.EVENT_READ)
            try:
                while all(self._handle(key.fileobj) for key, _ in selector.select()):
                    pass
            finally:
                for pid in self._jobs:
                    _kill_group(pid)

    def _handle(self, ready: object) -> bool:
        if ready is self._woken:
            with suppress(BlockingIOError):
                self._woken.recv(4096)
            self._reap()
            return True
        data, handles, _, _ = socket.recv_fds(self._control, COMMAND.size, 1)
        if len(data) < COMMAND.size:
            return False
        command, pid = COMMAND.unpack(data)
        if command == FORK and handles:
            self._fork(handles[0])
        elif command == KILL and pid in self._jobs:
            _kill_group(pid)
        return True

    def _fork(self, handle: int) -> None:
        pid = os.fork()
        if pid == 0:
            self._become_job(handle)
        # Both sides set the group, so that a kill finds it whoever runs first.
        with suppress(PermissionError, ProcessLookupError):
            os.setpgid(pid, pid)
        os.close(handle)
        self._jobs.add(pid)
        self._control.sendall(PID.pack(pid))

    def _become_job(self, handle: int) -> None:
        try:
            os.setpgid(0, 0)
            signal.set_wakeup_fd(-1)
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            for each in (self._control, self._wake, self._woken):
                each.close()
            # Collections write to the pages that all jobs share, so they come late.
            gc.set_threshold(*LATE_COLLECTIONS)
            run_job(socket.socket(fileno=handle))
        finally:
            os._exit(0)

    def _reap(self) -> None:
        while self._jobs:
            try:
                ended = os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
            except ChildProcessError:
                return
            if ended is None:
                return
            # What the job has started ends with it; until it is reaped its id cannot pass to another process.
            _kill_group(ended.si_pid)
            os.waitpid(ended.si_pid, 0)
            self._jobs.discard(ended.si_pid)


def _kill_group(pid: int) -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, signal.SIGKILL)


def run_job(job: socket.socket) -> None:
    """Read a request from the job's socket, work under limits, and send events until it is done."""
    from .ytdlp import Job  # noqa: PLC0415 - after the server has looked whether it can be imported

    lines = job.makefile("rb")
    request = json.loads(lines.readline())
    go = threading.Event()
    threading.Thread(target=_watch, args=(job, go), daemon=True).start()
    _limit(int(request["max_file_bytes"]))

    def send(event: dict[str, object]) -> None:
        job.sendall(json.dumps(event).encode() + b"\n")

    Job(request, send, go.wait).run()


def _watch(job: socket.socket, go: threading.Event) -> None:
    """Let the job fetch media when told, and end it with its children when the service is gone."""
    while True:
        try:
            word = job.recv(1)
        except OSError:
            word = b""
        if word == GO:
            go.set()
        else:
            os.killpg(0, signal.SIGKILL)


def _limit(max_file_bytes: int) -> None:
    nothing = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(nothing, stream)
    resource.setrlimit(resource.RLIMIT_DATA, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_S, CPU_S))
    resource.setrlimit(resource.RLIMIT_FSIZE, (max_file_bytes, max_file_bytes))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    os.nice(NICE)
    os.umask(0o077)


def main() -> None:
    """Warm up, tell what was found, and serve."""
    control = socket.socket(fileno=int(sys.argv[1]))
    try:
        from .ytdlp import warm_up  # noqa: PLC0415 - its absence is an answer, not a crash

        report = warm_up()
    except ImportError as error:
        report = {"error": f"yt-dlp cannot be loaded ({error})"}
    text = json.dumps(report).encode()
    control.sendall(LENGTH.pack(len(text)) + text)
    if "error" in report:
        return
    gc.collect()
    gc.freeze()
    ForkServer(control).serve()


if __name__ == "__main__":
    main()
