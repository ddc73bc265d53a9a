// Package emulator is AWS on the wire, for the calls that a load-balancer controller makes and no others:
// ELBv2, EC2 (networks and security groups), ACM, WAFv2 and STS on one HTTP port.
//
// It exists because controllers break on AWS's semantics, not on its schema. So it keeps them: creates that
// are idempotent for equal settings and conflict otherwise, states that take time, sets that are replaced
// whole, lock tokens, dependencies that linger, quotas, paging and throttling. And it fails on demand
// (see Fault), because the interesting behaviour of a controller is what it does when a call is refused,
// slow, or takes effect and is never answered.
//
// Its load balancers carry traffic: every active one listens on a loopback address of its own, ends TLS with
// the certificates that were imported, checks its targets' health and forwards to them.
//
// Requests are authenticated by form only: a credential scope must be there, the signature is not verified.
// The package imports nothing of the rest of the module, so that it can judge it.
package emulator
