// Package experimental proves what the experimental channel of Gateway API brings, on a real cluster with that channel's
// definitions: one test a feature, with the very files of examples/experimental. Its tests run where FLEETGATE_E2E is
// set, which `make experimental` does.
package experimental
