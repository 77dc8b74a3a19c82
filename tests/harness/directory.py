"""OpenLDAP's slapd with a small company in it: users, nested groups (one circle), a password policy."""
import shutil
import subprocess

from . import ports
from .packages import program
from .process import Service
from .waiting import eventually, port_open

BASE = "dc=example,dc=com"
SERVICE = f"cn=service,{BASE}"
SERVICE_PASSWORD = "directory-secret-of-the-service"
ADMIN = f"cn=admin,{BASE}"
ADMIN_PASSWORD = "admin-secret"
PASSWORD = "correct horse"

PEOPLE = f"ou=people,{BASE}"
GROUPS = f"ou=groups,{BASE}"
# Who is whose member: alice is in proxy-users by way of developers and engineering; ring-a and ring-b hold each other.
MEMBERS = {
    "developers": [f"uid=alice,{PEOPLE}"], "engineering": [f"cn=developers,{GROUPS}"],
    "proxy-users": [f"cn=engineering,{GROUPS}", f"uid=carol,{PEOPLE}"],
    "ring-a": [f"cn=ring-b,{GROUPS}", f"uid=bob,{PEOPLE}"], "ring-b": [f"cn=ring-a,{GROUPS}"],
    "odd (group) *": [f"cn=Zoë \\28the\\29 \\2A,{PEOPLE}"],
}


def _entry(dn, **attributes):
    lines = [f"dn: {dn}"]
    for name, values in attributes.items():
        for value in values if isinstance(values, list) else [values]:
            lines.append(f"{name}: {value}")
    return "\n".join(lines) + "\n"


def _person(dn, **attributes):
    return _entry(dn, objectClass="inetOrgPerson", **{"sn": "Someone", "userPassword": PASSWORD, **attributes})


def company():
    entries = [_entry(BASE, objectClass=["dcObject", "organization"], dc="example", o="Example"),
               _entry(PEOPLE, objectClass="organizationalUnit", ou="people"),
               _entry(GROUPS, objectClass="organizationalUnit", ou="groups"),
               _entry(f"ou=policies,{BASE}", objectClass="organizationalUnit", ou="policies"),
               _entry(f"cn=default,ou=policies,{BASE}", objectClass=["device", "pwdPolicy"], cn="default",
                      pwdAttribute="userPassword", pwdLockout="TRUE", pwdMaxFailure="3", pwdMustChange="TRUE"),
               _entry(SERVICE, objectClass=["organizationalRole", "simpleSecurityObject"], cn="service",
                      userPassword=SERVICE_PASSWORD)]
    for name in ("alice", "bob", "carol", "locked", "reset", "guessed"):
        entries.append(_person(f"uid={name},{PEOPLE}", uid=name, cn=name, mail=f"{name}@example.com"))
    entries.append(_person(f"uid=dave,{PEOPLE}", uid=["dave", "aka-dave"], cn="dave"))
    # Found by the same mail address, so nobody can be told apart by it.
    entries += [_person(f"uid={name},{PEOPLE}", uid=name, cn=name, mail="twins@example.com") for name in ("twin1", "twin2")]
    entries.append(_person(f"cn=Zoë \\28the\\29 \\2A,{PEOPLE}", cn="Zoë (the) *", uid="zoe"))
    for name, members in MEMBERS.items():
        entries.append(_entry(f"cn={name},{GROUPS}", objectClass="groupOfNames", cn=name, member=members))
    entries.append(_entry(f"cn=unix,{GROUPS}", objectClass="posixGroup", cn="unix", gidNumber="4711", memberUid="alice"))
    return "\n".join(entries)


class Directory:
    def __init__(self, directory, certificates, allow="", tls=True):
        self.directory = directory
        self.certificates = certificates
        self.port, self.tls_port = ports.reserve(), ports.reserve()
        self.service = None
        (directory / "data").mkdir()
        self._write_configuration(allow, tls)
        (directory / "company.ldif").write_text(company(), encoding="utf-8")
        subprocess.run([program("slapadd"), "-f", self.configuration, "-l", directory / "company.ldif"], check=True,
                       capture_output=True)
        self.start()

    @property
    def configuration(self):
        return self.directory / "slapd.conf"

    def _write_configuration(self, allow, tls):
        lines = [f"include /etc/ldap/schema/{name}.schema" for name in ("core", "cosine", "inetorgperson", "nis")]
        lines += ["modulepath /usr/lib/ldap", "moduleload back_mdb", "moduleload ppolicy",
                  f"pidfile {self.directory}/slapd.pid", f"argsfile {self.directory}/slapd.args", "loglevel stats",
                  "password-hash {CLEARTEXT}"]
        if allow:
            lines.append(f"allow {allow}")
        if tls:
            lines += [f"TLSCACertificateFile {self.certificates.ca}", f"TLSCertificateFile {self.certificates.certificate}",
                      f"TLSCertificateKeyFile {self.certificates.key}"]
        lines += ["database mdb", f'suffix "{BASE}"', f'rootdn "{ADMIN}"', f"rootpw {ADMIN_PASSWORD}",
                  f"directory {self.directory}/data", "maxsize 67108864", "overlay ppolicy",
                  f'ppolicy_default "cn=default,ou=policies,{BASE}"',
                  "access to attrs=userPassword by anonymous auth by * none",
                  f'access to * by dn.exact="{SERVICE}" read by anonymous auth by * none', "index uid,member,mail eq"]
        self.configuration.write_text("\n".join(lines) + "\n")

    def start(self):
        addresses = f"ldap://127.0.0.1:{self.port} ldaps://127.0.0.1:{self.tls_port}"
        ports.release(self.port)
        ports.release(self.tls_port)
        self.service = Service([program("slapd"), "-h", addresses, "-f", self.configuration, "-d", "stats"], "slapd")
        eventually(lambda: port_open(self.port), "slapd listens", 20)
        return self

    def stop(self):
        self.service.stop()

    def said(self, text):
        """Lines of its log that hold the text."""
        return [line for line in self.service.err if text in line]

    def url(self, host="127.0.0.1"):
        return f"ldap://{host}:{self.port}"

    def tls_url(self, host="127.0.0.1"):
        return f"ldaps://{host}:{self.tls_port}"

    def modify(self, dn, change):
        subprocess.run([program("ldapmodify"), "-x", "-H", self.url(), "-D", ADMIN, "-w", ADMIN_PASSWORD],
                       input=f"dn: {dn}\nchangetype: modify\n{change}\n", text=True, check=True, capture_output=True)

    def delete(self, dn):
        subprocess.run([program("ldapdelete"), "-x", "-H", self.url(), "-D", ADMIN, "-w", ADMIN_PASSWORD, dn], check=True,
                       capture_output=True)

    def close(self):
        if self.service.running():
            self.service.stop()
        self.service.kill()
        shutil.rmtree(self.directory / "data", ignore_errors=True)
