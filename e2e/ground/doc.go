// Package ground is a cluster with the product in it, for suites to stand on: hub and member at once, with the charts as
// a user installs them, Gateway API's definitions, and a GatewayClass whose fronts are Services of type LoadBalancer.
package ground
