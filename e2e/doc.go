// Package e2e proves the product on real clusters, with real pods and real sockets: see stage for what is
// brought up. Its tests run where FLEETGATE_E2E is set, which `make e2e` does.
package e2e
