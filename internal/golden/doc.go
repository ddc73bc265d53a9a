// Package golden runs cases through the whole chain: objects to IR, conditions, proxy configuration, cloud
// state and plan. A case is a folder in cases: in.yaml and options.yaml are written by hand, the rest is
// written by `go test ./internal/golden -update`. No stage has hand-kept input.
package golden
