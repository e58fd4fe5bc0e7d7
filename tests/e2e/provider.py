"""A small OpenID Connect provider on this machine: it logs in whomever it is told to, at once."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from joserfc import jwt
from joserfc.jwk import KeySet, RSAKey

AGES = 2**33  # seconds: its tokens hold on whatever day a test runs


class Provider:
    """`person` is the claims of who logs in next."""

    def __init__(self) -> None:
        self.person: dict[str, Any] = {}
        self.key = RSAKey.generate_key(2048, {"kid": "one", "use": "sig", "alg": "RS256"})
        self.nonces: dict[str, tuple[str, str]] = {}  # code -> (nonce, client id)
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def metadata(self) -> dict[str, Any]:
        return {
            "issuer": self.url,
            "authorization_endpoint": f"{self.url}/authorize",
            "token_endpoint": f"{self.url}/token",
            "jwks_uri": f"{self.url}/keys",
            "response_types_supported": ["code"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256"],
        }

    def authorize(self, asked: dict[str, list[str]]) -> str:
        """Where the browser goes next: back, with a code."""
        code = f"code-{len(self.nonces)}"
        self.nonces[code] = (asked.get("nonce", [""])[0], asked["client_id"][0])
        answer = urlencode({"code": code, "state": asked["state"][0]})
        return f"{asked['redirect_uri'][0]}?{answer}"

    def token(self, asked: dict[str, list[str]]) -> dict[str, Any]:
        nonce, client = self.nonces.pop(asked["code"][0])
        claims = {"iss": self.url, "aud": client, "sub": "1", "iat": 0, "exp": AGES}
        signed = jwt.encode(
            {"alg": "RS256", "kid": "one"}, {**claims, "nonce": nonce, **self.person}, self.key
        )
        return {"access_token": "x", "token_type": "Bearer", "expires_in": 600, "id_token": signed}

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        provider = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                parts = urlsplit(self.path)
                if parts.path == "/authorize":
                    self.send_response(302)
                    self.send_header("Location", provider.authorize(parse_qs(parts.query)))
                    self.end_headers()
                elif parts.path == "/keys":
                    self.say(KeySet([provider.key]).as_dict(private=False))
                else:
                    self.say(provider.metadata())

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"])).decode()
                self.say(provider.token(parse_qs(body)))

            def say(self, answer: dict[str, Any]) -> None:
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.end_headers()
                self.wfile.write(json.dumps(answer).encode())

            def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
                pass

        return Handler
