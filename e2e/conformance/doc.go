// Package conformance runs Gateway API's own conformance suite, unchanged, against the product on a testbed: one
// cluster, which is hub and member at once, with the chart as a user installs it, and fronts that are Services of
// type LoadBalancer. The features are those that the GatewayClass claims in its status.
//
// It is a module of its own, so that the suite's dependencies are never the product's. `make conformance` runs it;
// docs/conformance has the report and the command line.
package conformance
