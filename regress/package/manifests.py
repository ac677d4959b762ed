"""What kubectl and Helm make of etc/kubernetes and etc/helm, as Python objects."""

import json
import os
import shutil
import subprocess
import tempfile

from harness import TOP, Skipped, equal

KUBERNETES = os.path.join(TOP, "etc", "kubernetes")


def tool(name):
    """Of KUBEBUILDER_ASSETS, or of the machine."""
    path = os.path.join(os.environ.get("KUBEBUILDER_ASSETS", ""), name)
    path = path if os.access(path, os.X_OK) and os.path.isabs(path) else shutil.which(name)
    if path is None:
        raise Skipped(f"no {name}")
    return path


def command(*argv, stdin=None, rc=0, env=None):
    # kubectl and Helm make a cache at home.
    with tempfile.TemporaryDirectory() as home:
        done = subprocess.run(argv, input=stdin, capture_output=True, text=True, timeout=120,
                              env={**os.environ, "HOME": home, **(env or {})})
    if rc is not None:
        equal(done.returncode, rc, f"{' '.join(argv[:6])}: {done.stdout[-2000:]}{done.stderr}")
    return done


def kustomize(folder):
    """The YAML of a folder below etc/kubernetes."""
    kubectl = tool("kubectl")
    version = json.loads(command(kubectl, "version", "--client", "-o", "json").stdout)
    # Before 1.21 it is kustomize 2, which has no `patches` of this kind.
    if int(version["clientVersion"]["minor"].rstrip("+")) < 21:
        raise Skipped(f"kubectl {version['clientVersion']['gitVersion']} is too old")
    done = command(kubectl, "kustomize", os.path.join(KUBERNETES, folder))
    equal(done.stderr, "", f"kubectl kustomize {folder}")
    return done.stdout


def objects(text):
    """YAML documents as objects; no server is asked."""
    done = command(tool("kubectl"), "label", "--local", "-f", "-", "nothing-", "-o", "json",
                   stdin=text, env={"KUBECONFIG": "/dev/null"})
    decoder, found, rest = json.JSONDecoder(), [], done.stdout.lstrip()
    while rest:
        thing, end = decoder.raw_decode(rest)
        found.append(thing)
        rest = rest[end:].lstrip()
    return found


def find(things, kind, name="kanata"):
    return next(thing for thing in things
                if thing["kind"] == kind and thing["metadata"]["name"] == name)
