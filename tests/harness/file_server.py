"""nginx serving files: a second origin, and not one of our own making."""
import os

from . import ports
from .packages import program
from .parents import Parent, open_path

NGINX = """
daemon off;
{user}
worker_processes 1;
pid {directory}/nginx.pid;
error_log stderr warn;
events {{ worker_connections 256; }}
http {{
  access_log off;
  client_max_body_size 0;
  client_body_temp_path {directory}/body; proxy_temp_path {directory}/proxy;
  fastcgi_temp_path {directory}/fcgi; uwsgi_temp_path {directory}/uwsgi; scgi_temp_path {directory}/scgi;
  sendfile on;
  gzip on; gzip_proxied any; gzip_min_length 1; gzip_types text/plain;
  server {{ listen 127.0.0.1:{port}; root {directory}/www; }}
}}
"""


def nginx(directory):
    (directory / "www").mkdir(parents=True, exist_ok=True)
    port = ports.reserve()
    user = "user root;" if os.geteuid() == 0 else ""
    (directory / "nginx.conf").write_text(NGINX.format(directory=directory, port=port, user=user))
    open_path(directory)
    return Parent([program("nginx"), "-p", directory, "-e", "stderr", "-c", directory / "nginx.conf"], "nginx", directory, port)
