module funcpack/tools/schemas

go 1.26

require (
	github.com/triggermesh/triggermesh v1.26.0
	knative.dev/eventing v0.47.0
	knative.dev/serving v0.47.0
)
