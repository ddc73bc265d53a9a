//go:build !race

package proxy_test

const fewer = 1
