"""A simulated browser: speaks Streamlit's websocket, so that only the server is measured."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass, field
from pathlib import Path

from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.sync.client import ClientConnection, connect

ANSWER_S = 60.0


@dataclass
class Viewer:
    """One browser tab on a page. `run` reruns the page as a click on a widget does."""

    url: str
    page: str
    bytes_last: int = field(default=0, init=False)
    _connection: ClientConnection = field(init=False, repr=False)
    _hash: str = field(default="", init=False)

    def __enter__(self) -> Viewer:
        address = self.url.replace("http://", "ws://") + "/_stcore/stream"
        self._connection = connect(
            address, subprotocols=["streamlit"], origin=self.url, max_size=None
        )
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()

    def run(self) -> float:
        """Seconds until the script has finished; `bytes_last` is what came."""
        message = BackMsg()
        state = message.rerun_script
        if self._hash:
            state.page_script_hash = self._hash
        else:
            state.page_name = self.page
        start = time.perf_counter()
        self._connection.send(message.SerializeToString())
        self.bytes_last = 0
        while True:
            data = self._connection.recv(timeout=ANSWER_S)
            self.bytes_last += len(data)
            answer = ForwardMsg()
            answer.ParseFromString(data)
            kind = answer.WhichOneof("type")
            if kind == "navigation":  # which of the app's pages this is
                self._hash = answer.navigation.page_script_hash
            elif kind == "script_finished":
                return time.perf_counter() - start


def cpu_seconds(process_id: int) -> float | None:
    """CPU time a process has used, all threads; None where the system does not tell (no /proc)."""
    try:
        fields = Path(f"/proc/{process_id}/stat").read_text().rsplit(")", 1)[1].split()
    except FileNotFoundError:
        return None
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
