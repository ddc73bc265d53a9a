package http2

import (
	"errors"
	"fmt"
	"os"
)

// ErrCode is an error code of RST_STREAM and GOAWAY (RFC 9113 section 7).
type ErrCode uint32

// Error codes.
const (
	NoError            ErrCode = 0x0
	ProtocolError      ErrCode = 0x1
	InternalError      ErrCode = 0x2
	FlowControlError   ErrCode = 0x3
	SettingsTimeout    ErrCode = 0x4
	StreamClosed       ErrCode = 0x5
	FrameSizeError     ErrCode = 0x6
	RefusedStream      ErrCode = 0x7
	Cancel             ErrCode = 0x8
	CompressionError   ErrCode = 0x9
	ConnectError       ErrCode = 0xa
	EnhanceYourCalm    ErrCode = 0xb
	InadequateSecurity ErrCode = 0xc
	HTTP11Required     ErrCode = 0xd
)

var codeNames = [...]string{
	"NO_ERROR", "PROTOCOL_ERROR", "INTERNAL_ERROR", "FLOW_CONTROL_ERROR", "SETTINGS_TIMEOUT", "STREAM_CLOSED",
	"FRAME_SIZE_ERROR", "REFUSED_STREAM", "CANCEL", "COMPRESSION_ERROR", "CONNECT_ERROR", "ENHANCE_YOUR_CALM",
	"INADEQUATE_SECURITY", "HTTP_1_1_REQUIRED",
}

// String gives the name of the code in RFC 9113.
func (c ErrCode) String() string {
	if int64(c) < int64(len(codeNames)) {
		return codeNames[c]
	}
	return fmt.Sprintf("0x%x", uint32(c))
}

// Errors of streams and connections. All may be compared with errors.Is.
var (
	// ErrReset says that the peer reset the stream: a StreamError with its code.
	ErrReset = errors.New("http2: the peer reset the stream")
	// ErrTimeout says that a bound in time was passed; it is os.ErrDeadlineExceeded too.
	ErrTimeout = fmt.Errorf("http2: %w", os.ErrDeadlineExceeded)
	// ErrBusy says that the peer takes no more streams at the moment.
	ErrBusy = errors.New("http2: all streams that the peer allows are in use")
	// ErrGoingAway says that the connection takes no new streams any more.
	ErrGoingAway = errors.New("http2: the connection takes no more streams")
	// ErrNoConnect says that the peer has not enabled extended CONNECT (RFC 8441 section 3).
	ErrNoConnect = errors.New("http2: the peer does not take extended CONNECT")
	// ErrAborted says that the stream was reset from this side.
	ErrAborted = errors.New("http2: the stream was aborted")
	// ErrOrder says that methods were called in an order that makes no message.
	ErrOrder = errors.New("http2: called out of order")
	// ErrClosed says that the connection was closed from this side.
	ErrClosed = errors.New("http2: the connection is closed")
)

// StreamError ends one stream (RFC 9113 section 5.4.2).
type StreamError struct {
	Code ErrCode
	// Remote says that the peer sent it.
	Remote bool
	// Reason says what the peer did wrong, when the error is of this side.
	Reason string
}

// Error gives the code, who sent it, and why.
func (e *StreamError) Error() string {
	if e.Remote {
		return "http2: the peer reset the stream: " + e.Code.String()
	}
	return "http2: stream error: " + e.Code.String() + ": " + e.Reason
}

// Is makes what the peer sent an ErrReset.
func (e *StreamError) Is(target error) bool { return e.Remote && target == ErrReset }

// ConnError ends a connection (RFC 9113 section 5.4.1).
type ConnError struct {
	Code ErrCode
	// Remote says that the peer sent it, in GOAWAY.
	Remote bool
	// Reason says what the peer did wrong, when the error is of this side.
	Reason string
}

// Error gives the code, who sent it, and why.
func (e *ConnError) Error() string {
	if e.Remote {
		return "http2: the peer closes the connection: " + e.Code.String()
	}
	return "http2: connection error: " + e.Code.String() + ": " + e.Reason
}

// remoteResets are made once, so that being reset allocates nothing.
var remoteResets = func() (resets [len(codeNames)]*StreamError) {
	for i := range resets {
		resets[i] = &StreamError{Code: ErrCode(i), Remote: true}
	}
	return resets
}()

// resetBy is the error of a stream that the peer reset.
func resetBy(code ErrCode) *StreamError {
	if int64(code) < int64(len(remoteResets)) {
		return remoteResets[code]
	}
	return &StreamError{Code: code, Remote: true}
}

func connError(code ErrCode, reason string) *ConnError {
	return &ConnError{Code: code, Reason: reason}
}
