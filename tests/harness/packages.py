"""Programs the tests drive. One that is missing is a failure that names the Debian package, never a skip."""
import glob
import os
import shutil

import pytest

PACKAGES = {
    "curl": "curl", "openssl": "openssl", "proxychains4": "proxychains4", "chromium": "chromium", "squid": "squid",
    "danted": "dante-server", "dnsmasq": "dnsmasq-base", "microsocks": "microsocks", "nginx": "nginx-light",
    "haproxy": "haproxy", "dig": "bind9-dnsutils", "slapd": "slapd", "slapadd": "slapd", "ldapmodify": "ldap-utils", "ldapdelete": "ldap-utils",
    "node": "nodejs", "npm": "npm",
}
SEARCH = os.environ.get("PATH", "") + ":/usr/local/sbin:/usr/sbin:/sbin"


def program(name):
    found = shutil.which(name, path=SEARCH)
    if found is None:
        pytest.fail(f"{name} is missing: apt-get install {PACKAGES.get(name, name)} (packaging/install-deps.sh)", pytrace=False)
    return found


def library(path_pattern, package):
    found = sorted(glob.glob(path_pattern))
    if not found:
        pytest.fail(f"{path_pattern} is missing: apt-get install {package} (packaging/install-deps.sh)", pytrace=False)
    return found[0]
