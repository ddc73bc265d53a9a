//go:build !linux

package slack

import "time"

// Take has nothing to do on systems other than Linux.
func Take(time.Duration) error { return nil }
