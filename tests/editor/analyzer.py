"""rust-analyzer over its standard input and output, as an editor speaks with it."""

import json
import pathlib
import subprocess
import threading
import time

# rust-analyzer gives up a request that an edit has overtaken, or that came before it was ready.
TRY_AGAIN = (-32801, -32802)


class Analyzer:
    """A session on one crate. It ends by itself, loudly, when nothing answers."""

    def __init__(self, binary, root, settings, log, seconds=900):
        self.root = pathlib.Path(root)
        self.settings = settings
        self.process = subprocess.Popen(
            [binary], cwd=root, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=open(log, "w", encoding="utf-8")
        )
        self.alarm = threading.Timer(seconds, self.process.kill)
        self.alarm.daemon = True
        self.alarm.start()
        self.next_id = 0
        self.versions = {}
        self.status = {}
        self.request("initialize", self.initialization())
        self.notify("initialized", {})

    def initialization(self):
        return {
            "processId": None,
            "rootUri": self.root.as_uri(),
            "workspaceFolders": [{"uri": self.root.as_uri(), "name": self.root.name}],
            "initializationOptions": self.settings,
            "capabilities": {
                "general": {"positionEncodings": ["utf-8"]},
                "experimental": {"serverStatusNotification": True},
                "workspace": {"workspaceEdit": {"documentChanges": True}, "configuration": True},
                "textDocument": {
                    "diagnostic": {},
                    "hover": {"contentFormat": ["markdown"]},
                    "completion": {"completionItem": {}},
                    "rename": {"prepareSupport": True},
                },
            },
        }

    def send(self, message):
        body = json.dumps({"jsonrpc": "2.0", **message}).encode()
        self.process.stdin.write(b"Content-Length: %d\r\n\r\n" % len(body) + body)
        self.process.stdin.flush()

    def receive(self):
        length = 0
        while (line := self.process.stdout.readline()) not in (b"\r\n", b""):
            name, _, value = line.partition(b":")
            if name.lower() == b"content-length":
                length = int(value)
        if not length:
            raise SystemExit("rust-analyzer has ended, or did not answer in time")
        return json.loads(self.process.stdout.read(length))

    def notify(self, method, parameters):
        self.send({"method": method, "params": parameters})

    def request(self, method, parameters):
        """The answer to a request."""
        for _ in range(100):
            self.next_id += 1
            self.send({"id": self.next_id, "method": method, "params": parameters})
            answer = self.wait(lambda message: message.get("id") == self.next_id and "method" not in message)
            error = answer.get("error")
            if error is None:
                return answer["result"]
            if error["code"] not in TRY_AGAIN:
                raise AssertionError(f"{method}: {error['message']}")
            time.sleep(0.1)
        raise AssertionError(f"{method}: given up by rust-analyzer again and again")

    def wait(self, wanted):
        """The next message that is wanted; what rust-analyzer asks in between is answered."""
        while True:
            message = self.receive()
            if message.get("method") == "experimental/serverStatus":
                self.status = message["params"]
            if wanted(message):
                return message
            if "method" in message and "id" in message:
                is_settings = message["method"] == "workspace/configuration"
                result = [self.settings for _ in message["params"]["items"]] if is_settings else None
                self.send({"id": message["id"], "result": result})

    def wait_until_ready(self):
        while not self.status.get("quiescent"):
            self.wait(lambda message: message.get("method") == "experimental/serverStatus")
        if self.status.get("health") != "ok":
            raise AssertionError(f"rust-analyzer is not well: {self.status.get('message')}")

    def uri(self, file):
        return (self.root / "src" / file).as_uri()

    def write(self, file, text):
        """Opens a file with some content, or replaces its content."""
        uri = self.uri(file)
        version = self.versions[file] = self.versions.get(file, 0) + 1
        if version == 1:
            document = {"uri": uri, "languageId": "rust", "version": version, "text": text}
            self.notify("textDocument/didOpen", {"textDocument": document})
        else:
            document = {"uri": uri, "version": version}
            self.notify("textDocument/didChange", {"textDocument": document, "contentChanges": [{"text": text}]})

    def at(self, method, file, position, **more):
        """A request about a position: a pair of line and column."""
        line, column = position
        place = {"textDocument": {"uri": self.uri(file)}, "position": {"line": line, "character": column}}
        return self.request(f"textDocument/{method}", {**place, **more})

    def diagnostics(self, file):
        """The diagnostics of a file without hints, as (message, range) pairs."""
        report = self.request("textDocument/diagnostic", {"textDocument": {"uri": self.uri(file)}})
        return [(item["message"], span(item["range"])) for item in report["items"] if item.get("severity", 1) <= 2]

    def end(self):
        self.alarm.cancel()
        self.request("shutdown", None)
        self.notify("exit", None)
        self.process.wait(timeout=30)


def span(region):
    """Converts a range of the protocol to (line, column, end column); every asserted range is on one line."""
    start, end = region["start"], region["end"]
    return (start["line"], start["character"], end["character"] if end["line"] == start["line"] else None)
