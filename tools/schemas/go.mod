module funcpack/tools/schemas

go 1.26

require (
	knative.dev/eventing v0.47.0
	knative.dev/serving v0.47.0
)
