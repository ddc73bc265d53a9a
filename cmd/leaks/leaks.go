// Package leaks looks for goroutines that a program leaves behind when it ends. Only programs built with the tag
// leakcheck look: those that the conformance suite runs.
package leaks

const (
	// None is the line that Check writes when nothing is left.
	None = "LEAK CHECK: no goroutine is left"
	// Found begins what Check writes otherwise.
	Found = "LEAKED GOROUTINES"
)
