module funcpack/tools/schemas

go 1.26

require (
	github.com/anchore/syft v1.57.1
	github.com/triggermesh/triggermesh v1.26.0
	knative.dev/eventing v0.47.0
	knative.dev/serving v0.47.0
)
