"""Settings of the methods that ask somebody else, for the servers of this harness."""
from .directory import BASE, SERVICE, SERVICE_PASSWORD
from .openid_provider import CLIENT, CLIENT_SECRET


def ldap(server, authority, **more):
    return {"server": server, "bind_dn": SERVICE, "bind_password": SERVICE_PASSWORD, "base_dn": BASE, "timeout": "5s",
            "nested_groups": True, "tls": {"ca_cert": authority}, **more}


def oauth(provider, authority, **more):
    return {"client_id": CLIENT, "client_secret": CLIENT_SECRET, "ca_cert": authority, "timeout": "5s",
            "jwt": {"issuer": provider.issuer}, **more}
