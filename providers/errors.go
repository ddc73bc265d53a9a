package providers

import (
	"errors"
	"time"
)

// TerminalError does not go away by trying again: a user has to change something first.
type TerminalError struct {
	// Message tells a user what is wrong and what to do.
	Message string
	Err     error
}

// Terminal makes a TerminalError; err may be nil.
func Terminal(message string, err error) error { return &TerminalError{Message: message, Err: err} }

func (e *TerminalError) Error() string { return withCause(e.Message, e.Err) }

// Unwrap is the cloud's own error.
func (e *TerminalError) Unwrap() error { return e.Err }

// ThrottledError says that the cloud, or our own limit for it, has too many calls to serve.
type ThrottledError struct {
	// After is how long to wait before the next try.
	After time.Duration
	Err   error
}

// Throttled makes a ThrottledError.
func Throttled(after time.Duration, err error) error {
	return &ThrottledError{After: after, Err: err}
}

func (e *ThrottledError) Error() string {
	return withCause("the cloud limits our calls; the next try is in "+e.After.String(), e.Err)
}

// Unwrap is the cloud's own error.
func (e *ThrottledError) Unwrap() error { return e.Err }

// PendingError says that something has to happen in the cloud first, by itself; the next pass goes on.
type PendingError struct {
	// What is awaited, such as "the network interfaces of the deleted load balancer".
	What string
	Err  error
}

// Pending makes a PendingError; err may be nil.
func Pending(what string, err error) error { return &PendingError{What: what, Err: err} }

func (e *PendingError) Error() string { return withCause("waiting for "+e.What, e.Err) }

// Unwrap is the cloud's own error.
func (e *PendingError) Unwrap() error { return e.Err }

// AsTerminal finds a TerminalError in err.
func AsTerminal(err error) (*TerminalError, bool) { return errors.AsType[*TerminalError](err) }

// AsThrottled finds a ThrottledError in err.
func AsThrottled(err error) (*ThrottledError, bool) { return errors.AsType[*ThrottledError](err) }

// AsPending finds a PendingError in err.
func AsPending(err error) (*PendingError, bool) { return errors.AsType[*PendingError](err) }

func withCause(message string, err error) string {
	if err == nil {
		return message
	}
	return message + ": " + err.Error()
}
