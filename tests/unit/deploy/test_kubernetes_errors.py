"""The error texts of the backends kubernetes and knative, word by word."""

from __future__ import annotations

from funcpack import deployment_errors as errors

SERVER = "https://cluster.example.com"
ALICE = "alice@example.com"

CASES = [
    (
        errors.MissingImageError("knative", "orders"),
        2,
        """\
No image
The backend 'knative' runs an image, and --image names none.

Build the image, push it to a registry that the cluster reads, and deploy it:

  funcpack build --tag registry.example.com/orders:1.0.0 --publish
  funcpack deploy --backend knative --image registry.example.com/orders:1.0.0""",
    ),
    (
        errors.SmokeWithoutRevisionsError("kubernetes"),
        2,
        """\
--smoke is not supported
With the backend 'kubernetes', the new pods have no address of their own before they serve.

Leave out --smoke, or use the backend knative or cloudrun.""",
    ),
    (
        errors.UnsentSmokeError("smoke.json", "the revision has no address", "The traffic is as it was."),
        1,
        """\
The smoke request was not sent
The request in smoke.json cannot be sent to the new revision: the revision has no address.
The traffic is as it was.

Run the command where the address of the revision can be reached, for example in the cluster, or leave out --smoke.""",
    ),
    (
        errors.UnansweredSmokeError("smoke.json", "timed out", "The traffic is as it was."),
        1,
        """\
The smoke request was not answered
The new revision does not answer the request in smoke.json: timed out.
The traffic is as it was.

Look at the log of the function with `funcpack logs`, correct the cause, and run the command again.""",
    ),
    (
        errors.MissingKubernetesExtraError("lightkube"),
        1,
        """\
A library is not installed
Deployments to a cluster need the Python module 'lightkube'.

Install Funcpack with its extra 'kubernetes': pip install 'funcpack[kubernetes]'
Without it, print the manifests and apply them: funcpack deploy --dry-run ... | kubectl apply --filename -""",
    ),
    (
        errors.NoClusterError(None),
        1,
        """\
No cluster
There is no kubeconfig: KUBECONFIG is not set, and ~/.kube/config does not exist.

Set KUBECONFIG to the kubeconfig file of your cluster. Check it with: kubectl cluster-info""",
    ),
    (
        errors.NoClusterError("production"),
        1,
        """\
No cluster
--context names 'production', but there is no kubeconfig: KUBECONFIG is not set, and ~/.kube/config does not exist.

Set KUBECONFIG to the kubeconfig file of your cluster. Check it with: kubectl cluster-info""",
    ),
    (
        errors.KubeconfigError("admin.conf", "is not a YAML file"),
        1,
        """\
The kubeconfig is not valid
admin.conf is not a YAML file.

Set KUBECONFIG to the kubeconfig file of your cluster. Check it with: kubectl config view""",
    ),
    (
        errors.UnknownContextError("prod", "admin.conf", ["staging", "production"]),
        2,
        """\
Unknown context
admin.conf has no context 'prod'. Its contexts are: staging, production.

Name a context with --context, or choose one: kubectl config use-context CONTEXT""",
    ),
    (
        errors.UnknownContextError(None, "admin.conf", []),
        2,
        """\
Unknown context
admin.conf has no current context. It has no contexts.

Name a context with --context, or choose one: kubectl config use-context CONTEXT""",
    ),
    (
        errors.UnsupportedKubeconfigError("admin.conf", "production", "proxy-url", None),
        1,
        """\
The kubeconfig has a setting that is not supported
admin.conf: the context 'production' uses 'proxy-url', which Funcpack does not support.

Set the environment variable HTTPS_PROXY instead, and remove proxy-url.
You can also let kubectl apply the manifests: funcpack deploy --dry-run ... | kubectl apply --server-side --field-manager=funcpack --filename -""",
    ),
    (
        errors.UnsupportedKubeconfigError("admin.conf", "prod", "exec.apiVersion", "client.authentication.k8s.io/v2"),
        1,
        """\
The kubeconfig has a setting that is not supported
admin.conf: the context 'prod' uses 'exec.apiVersion: client.authentication.k8s.io/v2', which Funcpack does not support.

If the plugin also supports client.authentication.k8s.io/v1, set its apiVersion to that. Otherwise, use a context with a token, for example that of a service account: kubectl create token NAME
You can also let kubectl apply the manifests: funcpack deploy --dry-run ... | kubectl apply --server-side --field-manager=funcpack --filename -""",
    ),
    (
        errors.UnsupportedKubeconfigError("admin.conf", "production", "tls-server-name", None),
        1,
        """\
The kubeconfig has a setting that is not supported
admin.conf: the context 'production' uses 'tls-server-name', which Funcpack does not support.

Use a context without it.
You can also let kubectl apply the manifests: funcpack deploy --dry-run ... | kubectl apply --server-side --field-manager=funcpack --filename -""",
    ),
    (
        errors.ConfigurationFieldError(
            "config.json", [errors.DuplicateSource("knative.sources[1]", "PingSource", "orders")]
        ),
        2,
        """\
Invalid configuration
config.json: knative.sources[1] is a second PingSource with the name 'orders'. Give it another name.

Correct or remove this field. Nothing was built or sent.""",
    ),
    (
        errors.RolloutFailedError("Service", "orders", "shop", "RevisionFailed", (), "Revision orders-00001"),
        1,
        """\
The new version does not start
Service orders in the namespace 'shop': RevisionFailed.

Revision orders-00001 still serves.
Correct the cause, and deploy again.""",
    ),
    (
        errors.ClusterCredentialsError(SERVER, "production", "the cluster answers 401 Unauthorized"),
        1,
        """\
No valid credentials for the cluster
https://cluster.example.com (context production): the cluster answers 401 Unauthorized.

Log in to the cluster again. Check it with: kubectl auth whoami --context production""",
    ),
    (
        errors.ClusterPermissionError(
            ALICE,
            "shop",
            (
                errors.Permission("deployments.apps", ("get", "create", "patch")),
                errors.Permission("services", ("get", "create", "patch")),
                errors.Permission("pods", ("list",)),
            ),
        ),
        1,
        """\
Permission denied
alice@example.com may not do this in the namespace 'shop':

  deployments.apps  get, create, patch
  services          get, create, patch
  pods              list

Ask an administrator of the cluster to grant it:

  kubectl create role funcpack-get-create-patch --namespace shop --verb=get,create,patch --resource=deployments.apps,services
  kubectl create rolebinding funcpack-get-create-patch --namespace shop --role=funcpack-get-create-patch --user=alice@example.com
  kubectl create role funcpack-list --namespace shop --verb=list --resource=pods
  kubectl create rolebinding funcpack-list --namespace shop --role=funcpack-list --user=alice@example.com""",
    ),
    (
        errors.ClusterPermissionError("system:serviceaccount:ci:deployer", "", (errors.Permission("nodes", ("get",)),)),
        1,
        """\
Permission denied
system:serviceaccount:ci:deployer may not do this in the cluster:

  nodes  get

Ask an administrator of the cluster to grant it:

  kubectl create clusterrole funcpack-get --verb=get --resource=nodes
  kubectl create clusterrolebinding funcpack-get --clusterrole=funcpack-get --serviceaccount=ci:deployer""",
    ),
    (
        errors.MissingNamespaceError("shop"),
        1,
        """\
Unknown namespace
The cluster has no namespace 'shop'.

Name another one with --namespace, or create it: kubectl create namespace shop""",
    ),
    (
        errors.MissingKindError("eventing.knative.dev/v1", "Trigger"),
        1,
        """\
Unknown kind of resource
The cluster has no Trigger of eventing.knative.dev/v1.

Install Knative Eventing (https://knative.dev/docs/install/), or use the backend kubernetes.""",
    ),
    (
        errors.MissingKindError("sources.knative.dev/v1", "KafkaSource"),
        1,
        """\
Unknown kind of resource
The cluster has no KafkaSource of sources.knative.dev/v1.

Install Knative Eventing (https://knative.dev/docs/install/), or the component that has KafkaSource.""",
    ),
    (
        errors.MissingKindError("autoscaling/v2", "HorizontalPodAutoscaler"),
        1,
        """\
Unknown kind of resource
The cluster has no HorizontalPodAutoscaler of autoscaling/v2.

Use a cluster with a version of Kubernetes that has it.""",
    ),
    (
        errors.FieldConflictError("Deployment", "orders", "shop", (errors.FieldConflict(".spec.replicas", "kubectl"),)),
        1,
        """\
Another manager has set a field
Deployment orders in the namespace 'shop':

  .spec.replicas is set by kubectl

Set the field in your configuration to the value that it has, or take it over:

  funcpack deploy --dry-run ... | kubectl apply --server-side --field-manager=funcpack --force-conflicts --namespace shop --filename -""",
    ),
    (
        errors.RejectedManifestError("Deployment", "orders", "shop", "spec.replicas: Invalid value: -1"),
        1,
        """\
The cluster rejected a resource
Deployment orders in the namespace 'shop': spec.replicas: Invalid value: -1.

Correct the configuration, or ask an administrator about the quota or the policy that the message names.""",
    ),
    (
        errors.UnexpectedClusterAnswerError("Read the pods", 500, "etcdserver: request timed out"),
        1,
        """\
Unexpected answer of the cluster
Read the pods: etcdserver: request timed out (status 500).

Check the cluster with: kubectl get --raw '/readyz?verbose'
Run the command again.""",
    ),
    (
        errors.RolloutFailedError(
            "Deployment",
            "orders",
            "shop",
            "CrashLoopBackOff: the container 'function' ended with exit code 1",
            ("Traceback (most recent call last):", "RuntimeError"),
            "ReplicaSet orders-5d9f",
        ),
        1,
        """\
The new version does not start
Deployment orders in the namespace 'shop': CrashLoopBackOff: the container 'function' ended with exit code 1.

The last lines of its log:

  Traceback (most recent call last):
  RuntimeError

ReplicaSet orders-5d9f still serves. To undo the deployment, run `funcpack rollback`.
Correct the cause, and deploy again.""",
    ),
    (
        errors.RolloutFailedError("Service", "orders", "shop", "RevisionFailed: no image", (), None),
        1,
        """\
The new version does not start
Service orders in the namespace 'shop': RevisionFailed: no image.

Correct the cause, and deploy again.""",
    ),
    (
        errors.RolloutDeadlineError("Deployment", "orders", "shop", 60.0, "1 of 2 pods are ready"),
        1,
        """\
The deadline has passed
Deployment orders in the namespace 'shop' is not ready after 60 seconds: 1 of 2 pods are ready.

The rollout continues. To wait for it, run the same command again, with a longer --timeout. To look at it, run `funcpack describe`.""",
    ),
    (
        errors.UnreachableAddressError("http://orders.shop.example.com", "Name or service not known."),
        1,
        """\
The address cannot be reached
http://orders.shop.example.com cannot be reached from here: Name or service not known.

Run the command where the address of the function can be reached, for example in the cluster.""",
    ),
    (
        errors.UnansweredCallError("http://orders.shop.svc", "/health/ready answers 503"),
        1,
        """\
The function does not answer
http://orders.shop.svc: /health/ready answers 503.

Look at the log of the function with `funcpack logs`. To undo the deployment, run `funcpack rollback`.""",
    ),
    (
        errors.NothingToRollBackError("Deployment", "orders"),
        1,
        """\
There is no earlier version
Deployment orders has no earlier version that was ready.

Deploy the image that you want: funcpack deploy --image IMAGE""",
    ),
    (
        errors.ForeignResourceError("Deployment", "orders", "shop", "deployments.apps"),
        1,
        """\
The resource does not belong to Funcpack
Deployment orders in the namespace 'shop' does not have the label app.kubernetes.io/managed-by=funcpack. Nothing was deleted.

If you mean it, delete it: kubectl delete deployments.apps orders --namespace shop""",
    ),
]
