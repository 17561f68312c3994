"""A receiver of OTLP/HTTP: `otlp_receiver.py DIRECTORY` writes what comes to DIRECTORY/{traces,metrics,logs}.jsonl.

It reads the protocol by its own definition, the messages of opentelemetry-proto, and so runs in the environment that has
them. A request a line, as protobuf's JSON; DIRECTORY/port says where it listens.
"""

import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from google.protobuf.json_format import MessageToJson
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

DIRECTORY = Path(sys.argv[1])
MESSAGES = {
    "/v1/traces": ExportTraceServiceRequest,
    "/v1/metrics": ExportMetricsServiceRequest,
    "/v1/logs": ExportLogsServiceRequest,
}


class Handler(BaseHTTPRequestHandler):
    """Takes exports."""

    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        message = MESSAGES[self.path]()
        message.ParseFromString(body)
        signal = self.path.rpartition("/")[2]
        with (DIRECTORY / f"{signal}.jsonl").open("a", encoding="utf-8") as file:
            file.write(MessageToJson(message, indent=None) + "\n")
        self.send_response(200)
        self.send_header("Content-Type", "application/x-protobuf")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_arguments: object) -> None: ...


if __name__ == "__main__":
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    (DIRECTORY / "port.new").write_text(str(server.server_port))
    (DIRECTORY / "port.new").rename(DIRECTORY / "port")
    server.serve_forever()
