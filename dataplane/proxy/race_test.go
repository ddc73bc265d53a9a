//go:build race

package proxy_test

// fewer is what floods are divided by, since the race detector makes everything slow.
const fewer = 8
