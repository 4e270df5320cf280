"""What the benchmarks send to: nginx with one worker that answers at once, over HTTP and HTTPS."""

from __future__ import annotations

import socket
import subprocess
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path

import trustme

_CONFIGURATION = """
worker_processes 1; worker_rlimit_nofile 65536; daemon off; pid {folder}/pid; error_log {folder}/log crit;
events {{ worker_connections 30000; }}
http {{
 access_log off; keepalive_requests 1000000000; keepalive_timeout 600s; ssl_session_cache shared:S:10m;
 client_body_temp_path {folder}; proxy_temp_path {folder}; fastcgi_temp_path {folder};
 uwsgi_temp_path {folder}; scgi_temp_path {folder};
 server {{
  listen 127.0.0.1:{http} backlog=16384; listen 127.0.0.1:{https} ssl backlog=16384;
  ssl_certificate {folder}/cert.pem; ssl_certificate_key {folder}/key.pem;
  location /data/ed-fi/students {{
   default_type application/json; add_header ETag '"1"' always;
   if ($request_method = POST) {{
    add_header Location $scheme://$http_host/data/ed-fi/students/{identifier} always; return 201;
   }}
   return 200 '{document}';
  }}
  location /oauth/token {{
   default_type application/json; return 200 '{{"access_token":"abcdefghijklmnopqrstuvwxyz","expires_in":1800}}';
  }}
 }}
}}
"""
IDENTIFIER = "01a20287aa5776d48c5f9730659ca32e"
_DOCUMENT = (
    f'{{"id":"{IDENTIFIER}","studentUniqueId":"S1","firstName":"Ana","lastSurname":"Garcia","birthDate":"2010-05-12",'
    '"birthCity":"Austin","birthSexDescriptor":"uri://ed-fi.org/SexDescriptor#Female",'
    '"otherNames":[{"otherNameTypeDescriptor":"uri://ed-fi.org/OtherNameTypeDescriptor#Nickname",'
    '"firstName":"Annie","lastSurname":"Garcia"}],"visas":[]}'
)


@contextmanager
def nginx():
    """Run nginx while the context is open; gives the base URL of each scheme."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        certificate = trustme.CA().issue_cert("localhost", "127.0.0.1")
        certificate.private_key_pem.write_to_path(folder / "key.pem")
        for pem in certificate.cert_chain_pems:
            pem.write_to_path(folder / "cert.pem", append=True)
        ports = {"http": free_port(), "https": free_port()}
        text = _CONFIGURATION.format(folder=folder, identifier=IDENTIFIER, document=_DOCUMENT, **ports)
        (folder / "nginx.conf").write_text(text)
        process = subprocess.Popen(["nginx", "-c", folder / "nginx.conf", "-e", folder / "log"])
        try:
            wait_for(ports["https"])
            yield {scheme: f"{scheme}://127.0.0.1:{port}" for scheme, port in ports.items()}
        finally:
            process.terminate()
            process.wait()


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_for(port):
    for _ in range(100):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise SystemExit("the target did not start")
