"""That the harness's real Kubernetes does what the tests of the daemon need."""

from harness import equal, limit, wait
from realkube import RealKube

TOGETHER = True


@limit(150)
def test_kubelet_and_controllers():
    kube = RealKube.get()
    ns = kube.namespace("harness")
    kube.deployment(ns, "web", replicas=3)
    kube.workload("statefulsets", ns, "db")
    kube.workload("daemonsets", ns, "agent")
    kube.pod(ns, "alone")
    available = lambda: kube.client.get("deployments", ns, "web")["status"].get(
        "availableReplicas", 0)
    kube.crash(ns, "web")
    wait(lambda: available() == 0, 20, "the Deployment to lose its pods")
    kube.heal(ns, "web")
    wait(lambda: available() == 3, 20, "the Deployment to have them back")
    kube.rollout("deployments", ns, "web")
    kube.wait_ready("deployments", ns, "web")
    kube.scale("deployments", ns, "web", 0)
    kube.wait_ready("deployments", ns, "web")
    kube.client.delete("deployments", ns, "web")
    left = lambda: [pod["metadata"]["name"] for pod in kube.client.list("pods", ns)["items"]
                    if pod["metadata"]["labels"]["app"] == "web"]
    wait(lambda: not left(), 20, "the pods to go with the Deployment")
    equal(kube.kubelet.errors, [], "errors of the kubelet")
