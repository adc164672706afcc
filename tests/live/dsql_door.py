"""The door of a DSQL cluster before a real PostgreSQL: TLS, a token for a password, then the database behind it.

Whoever connects must speak TLS to a certificate of the cluster's name, be `admin` or another role, ask for the database
postgres, and give a token that is signed as AWS documents it: it is signed here once more, by code that is not Sluice's.
"""

import datetime
import hashlib
import hmac
import socket
import ssl
import struct
import subprocess
import threading
import urllib.parse

HOST = "abc0def1ghi2jkl3mno4pqr5st.dsql.eu-west-1.on.aws"
KEY, SECRET = "AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"


def make_certificates(folder):
    """An authority of the test's own and a certificate of the cluster's name."""
    def openssl(*words):
        subprocess.run(["openssl", *words], cwd=folder, check=True, capture_output=True)

    openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", "ca.key", "-out", "ca.pem", "-days", "2", "-subj", "/CN=a test")
    openssl("req", "-newkey", "rsa:2048", "-nodes", "-keyout", "door.key", "-out", "door.csr", "-subj", "/CN=door")
    (folder / "names").write_text(f"subjectAltName=DNS:{HOST}\n")
    openssl("x509", "-req", "-in", "door.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-out", "door.pem",
            "-days", "2", "-extfile", "names")


def token_is_right(token, user, now):
    """Whether the token is what AWS would accept of this user now."""
    host, _, query = token.partition("/?")
    pairs = urllib.parse.parse_qsl(query, keep_blank_values=True)
    given = dict(pairs)
    signature = given.pop("X-Amz-Signature", "")
    scope = given.get("X-Amz-Credential", "").split("/", 1)
    at = datetime.datetime.strptime(given.get("X-Amz-Date", ""), "%Y%m%dT%H%M%SZ").replace(tzinfo=datetime.timezone.utc)
    age = (now - at).total_seconds()
    if (host != HOST or given.get("Action") != ("DbConnectAdmin" if user == "admin" else "DbConnect") or scope[0] != KEY
            or scope[1] != f"{at:%Y%m%d}/eu-west-1/dsql/aws4_request" or not -300 < age < int(given["X-Amz-Expires"])):
        return False
    quote = lambda text: urllib.parse.quote(text, safe="-_.~")
    canonical = "&".join(f"{quote(name)}={quote(value)}" for name, value in sorted(given.items()))
    request = f"GET\n/\n{canonical}\nhost:{HOST}\n\nhost\n{hashlib.sha256(b'').hexdigest()}"
    to_sign = f"AWS4-HMAC-SHA256\n{given['X-Amz-Date']}\n{scope[1]}\n{hashlib.sha256(request.encode()).hexdigest()}"
    key = ("AWS4" + SECRET).encode()
    for part in scope[1].split("/"):
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    return hmac.compare_digest(hmac.new(key, to_sign.encode(), hashlib.sha256).hexdigest(), signature)


class Door:
    def __init__(self, folder, server, database, busy=0):
        """`busy`: how many connections are refused with 53300 before one is let in."""
        make_certificates(folder)
        self.server, self.database, self.busy = server, database, busy
        self.let_in, self.users = 0, []
        self.tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.tls.load_cert_chain(folder / "door.pem", folder / "door.key")
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def close(self):
        self.listener.close()

    def accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.answer, args=(client,), daemon=True).start()

    @staticmethod
    def refuse(client, state, message):
        body = b"".join(kind + text.encode() + b"\0" for kind, text in ((b"S", "FATAL"), (b"V", "FATAL"), (b"C", state), (b"M", message)))
        client.sendall(b"E" + struct.pack("!i", len(body) + 5) + body + b"\0")

    def answer(self, raw):
        try:
            if raw.recv(8) != struct.pack("!ii", 8, 80877103):
                return raw.close()
            raw.sendall(b"S")
            with self.tls.wrap_socket(raw, server_side=True) as client:
                size = struct.unpack("!i", client.recv(4))[0]
                words = client.recv(size - 4)[4:].split(b"\0")
                startup = dict(zip(words[0::2], words[1::2]))
                user = startup[b"user"].decode()
                if startup[b"database"] != b"postgres":
                    return self.refuse(client, "3D000", "there is but the database postgres")
                client.sendall(struct.pack("!cii", b"R", 8, 3))
                size = struct.unpack("!i", client.recv(5)[1:])[0]
                token = client.recv(size - 4).rstrip(b"\0").decode()
                if not token_is_right(token, user, datetime.datetime.now(datetime.timezone.utc)):
                    return self.refuse(client, "28P01", "access denied")
                if self.busy > 0:
                    self.busy -= 1
                    return self.refuse(client, "53300", "too many connections")
                self.let_in += 1
                self.users.append(user)
                self.relay(client)
        except (OSError, struct.error):  # who does not trust the door goes away in the middle
            raw.close()

    def relay(self, client):
        """The rest is said to the database, as the role that it knows."""
        with socket.create_connection(self.server) as behind:
            words = b"user\0sluice\0database\0" + self.database.encode() + b"\0client_encoding\0UTF8\0\0"
            behind.sendall(struct.pack("!ii", len(words) + 8, 196608) + words)

            def forward(source, target):
                try:
                    while data := source.recv(1 << 16):
                        target.sendall(data)
                except OSError:
                    pass

            back = threading.Thread(target=forward, args=(behind, client), daemon=True)
            back.start()
            forward(client, behind)
            behind.shutdown(socket.SHUT_WR)
            back.join(5)
