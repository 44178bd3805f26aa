"""Fills the folders that images are packed from: Debian programs and libraries, one binary."""

import os
import re
import shutil
import subprocess
from pathlib import Path

ACCOUNTS = """root:x:0:0:root:/root:/bin/sh
nginx:x:101:101:nginx:/nonexistent:/bin/false
nobody:x:65534:65534:nobody:/:/bin/false
"""
GROUPS = "root:x:0:\nnginx:x:101:\nnogroup:x:65534:\n"

# Debian's busybox 1.35 crashes on `wget -T` (exit code 139) and knows no --timeout.
WGET = """#!/bin/sh
limit=
count=$#
while [ "$count" -gt 0 ]; do
  count=$((count - 1))
  case $1 in
    -T) limit=$2; shift; count=$((count - 1)) ;;
    -T*) limit=${1#-T} ;;
    --timeout=*) limit=${1#--timeout=} ;;
    *) set -- "$@" "$1" ;;
  esac
  shift
done
[ -n "$limit" ] || exec busybox wget "$@"
timeout "$limit" busybox wget "$@"
status=$?
if [ "$status" -eq 143 ]; then
  echo "wget: download timed out" >&2
  exit 1
fi
exit "$status"
"""

NGINX_CONF = """user nginx;
worker_processes 1;
error_log /dev/stderr notice;
pid /run/nginx.pid;
events { worker_connections 256; }
http {
  include /etc/nginx/mime.types;
  default_type application/octet-stream;
  access_log /dev/stdout combined;
  sendfile on;
  keepalive_timeout 65;
  include /etc/nginx/conf.d/*.conf;
}
"""

NGINX_SITE = """server {
  listen 80;
  server_name localhost;
  location / {
    root /usr/share/nginx/html;
    index index.html index.htm;
  }
}
"""


def shell(root: Path, debian: Path) -> None:
    """busybox with all its applets, accounts, and the folders that programs expect."""
    for folder in ("bin", "etc", "root", "tmp", "run", "var/log", "usr/bin", "usr/sbin", "home"):
        (root / folder).mkdir(parents=True, exist_ok=True)
    (root / "tmp").chmod(0o1777)
    (root / "var/run").symlink_to("/run")
    write(root / "etc/passwd", ACCOUNTS)
    write(root / "etc/group", GROUPS)
    busybox = next(debian.glob("**/bin/busybox"))
    program(root, busybox, "bin/busybox", debian)
    told = subprocess.run([busybox, "--list"], capture_output=True, text=True, check=True)
    for applet in told.stdout.split():
        if applet not in ("busybox", "wget"):
            (root / "bin" / applet).symlink_to("busybox")
    write(root / "bin/wget", WGET, 0o755)


def nginx(root: Path, debian: Path) -> None:
    """Debian's nginx, laid out as Docker's official image: conf.d, logs to stdout and stderr."""
    program(root, debian / "usr/sbin/nginx", "usr/sbin/nginx", debian)
    write(root / "etc/nginx/nginx.conf", NGINX_CONF)
    write(root / "etc/nginx/conf.d/default.conf", NGINX_SITE)
    shutil.copy(debian / "etc/nginx/mime.types", root / "etc/nginx/mime.types")
    page = root / "usr/share/nginx/html/index.html"
    page.parent.mkdir(parents=True)
    shutil.copy(debian / "usr/share/nginx/html/index.html", page)
    # Paths compiled into Debian's nginx; it does not start without them.
    for folder in ("var/lib/nginx", "var/cache/nginx", "var/log/nginx"):
        (root / folder).mkdir(parents=True)
    (root / "var/log/nginx/error.log").symlink_to("/dev/stderr")
    (root / "var/log/nginx/access.log").symlink_to("/dev/stdout")


def program(root: Path, binary: Path, place: str, debian: Path) -> None:
    """Copy a program and the libraries that ldd names, from the unpacked packages or the host."""
    (root / place).parent.mkdir(parents=True, exist_ok=True)
    shutil.copy(binary, root / place)
    (root / place).chmod(0o755)
    folders = [str(found) for found in debian.glob("**/lib/*-linux-gnu") if found.is_dir()]
    environment = os.environ | {"LD_LIBRARY_PATH": ":".join(folders)}
    told = subprocess.run(
        ["ldd", binary], env=environment, capture_output=True, text=True, check=True
    )
    for library in re.findall(r"=> (/\S+)", told.stdout):
        (root / "lib").mkdir(exist_ok=True)
        shutil.copy(library, root / "lib" / Path(library).name)
    for loader in re.findall(r"^\s+(/\S+/ld-\S+) \(", told.stdout, re.M):
        (root / loader.lstrip("/")).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(loader, root / loader.lstrip("/"))


def static(root: Path, binary: Path) -> None:
    """One statically linked program at the root, as in a FROM scratch image."""
    (root / "tmp").mkdir()
    (root / "tmp").chmod(0o1777)
    shutil.copy(binary, root / binary.name)
    (root / binary.name).chmod(0o755)


def write(file: Path, text: str, mode: int = 0o644) -> None:
    """Write a file, its folders and its mode (whatever the umask is)."""
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)
    file.chmod(mode)
