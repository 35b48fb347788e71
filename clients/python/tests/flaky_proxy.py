"""A proxy that fails on purpose: answers 503 or 429, or breaks the connection before or after the server has answered."""
import http.client
import http.server
import threading


class FlakyProxy:
    """`plan` is a list of "503", "429", "break_before", "break_after"; each takes one request. Then all pass."""

    def __init__(self, url):
        self.plan, self.requests = [], 0
        target = url.split("//")[1]
        proxy = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def answer(self):
                proxy.requests += 1
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                what = proxy.plan.pop(0) if proxy.plan else "pass"
                if what == "break_before":
                    self.close_connection = True
                    self.connection.close()
                    return
                if what in ("503", "429"):
                    self.reply(int(what), b'{"code":"unavailable","detail":"busy"}', [("Retry-After", "0.3")])
                    return
                onward = http.client.HTTPConnection(target)
                onward.request(self.command, self.path, body, {"Content-Type": self.headers.get("Content-Type", "")} if body else {})
                response = onward.getresponse()
                content = response.read()
                if what == "break_after":
                    self.close_connection = True
                    self.connection.close()
                    return
                self.reply(response.status, content, [("Content-Type", response.getheader("Content-Type", ""))])

            def reply(self, status, content, headers):
                self.send_response(status)
                for name, value in [*headers, ("Content-Length", str(len(content)))]:
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(content)

            do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = answer

            def log_message(self, *_):
                pass

            def finish(self):
                try:
                    super().finish()
                except (OSError, ValueError):
                    pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def stop(self):
        self.server.shutdown()
        self.server.server_close()
