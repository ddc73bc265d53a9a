// Package integration tests the whole operator against real API servers: a hub and two members, with the
// memory provider as the cloud. There is no kubelet; the tests play the pods.
package integration
