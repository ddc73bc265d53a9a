package http3

import (
	"errors"
	"fmt"
	"os"

	"github.com/quic-go/quic-go"
)

// ErrCode is an error code of streams and connections (RFC 9114 section 8.1, RFC 9204 section 6).
type ErrCode uint64

// Error codes.
const (
	NoError              ErrCode = 0x100
	GeneralProtocolError ErrCode = 0x101
	InternalError        ErrCode = 0x102
	StreamCreationError  ErrCode = 0x103
	ClosedCriticalStream ErrCode = 0x104
	FrameUnexpected      ErrCode = 0x105
	FrameError           ErrCode = 0x106
	ExcessiveLoad        ErrCode = 0x107
	IDError              ErrCode = 0x108
	SettingsError        ErrCode = 0x109
	MissingSettings      ErrCode = 0x10a
	RequestRejected      ErrCode = 0x10b
	RequestCancelled     ErrCode = 0x10c
	RequestIncomplete    ErrCode = 0x10d
	MessageError         ErrCode = 0x10e
	ConnectError         ErrCode = 0x10f
	VersionFallback      ErrCode = 0x110
	DecompressionFailed  ErrCode = 0x200
	EncoderStreamError   ErrCode = 0x201
	DecoderStreamError   ErrCode = 0x202
)

var codeNames = map[ErrCode]string{
	NoError: "H3_NO_ERROR", GeneralProtocolError: "H3_GENERAL_PROTOCOL_ERROR", InternalError: "H3_INTERNAL_ERROR",
	StreamCreationError: "H3_STREAM_CREATION_ERROR", ClosedCriticalStream: "H3_CLOSED_CRITICAL_STREAM",
	FrameUnexpected: "H3_FRAME_UNEXPECTED", FrameError: "H3_FRAME_ERROR", ExcessiveLoad: "H3_EXCESSIVE_LOAD",
	IDError: "H3_ID_ERROR", SettingsError: "H3_SETTINGS_ERROR", MissingSettings: "H3_MISSING_SETTINGS",
	RequestRejected: "H3_REQUEST_REJECTED", RequestCancelled: "H3_REQUEST_CANCELLED",
	RequestIncomplete: "H3_REQUEST_INCOMPLETE", MessageError: "H3_MESSAGE_ERROR", ConnectError: "H3_CONNECT_ERROR",
	VersionFallback: "H3_VERSION_FALLBACK", DecompressionFailed: "QPACK_DECOMPRESSION_FAILED",
	EncoderStreamError: "QPACK_ENCODER_STREAM_ERROR", DecoderStreamError: "QPACK_DECODER_STREAM_ERROR",
}

// String gives the name of the code in its RFC.
func (c ErrCode) String() string {
	if name := codeNames[c]; name != "" {
		return name
	}
	return fmt.Sprintf("0x%x", uint64(c))
}

// Errors of streams. All may be compared with errors.Is.
var (
	// ErrReset says that the client reset the stream: a StreamError with its code.
	ErrReset = errors.New("http3: the client reset the stream")
	// ErrTimeout says that a bound in time was passed; it is os.ErrDeadlineExceeded too.
	ErrTimeout = fmt.Errorf("http3: %w", os.ErrDeadlineExceeded)
	// ErrOrder says that methods were called in an order that makes no message.
	ErrOrder = errors.New("http3: called out of order")
	// ErrAborted says that the stream was ended from this side.
	ErrAborted = errors.New("http3: the stream was aborted")
)

// StreamError ends one stream.
type StreamError struct {
	Code ErrCode
	// Remote says that the client sent it.
	Remote bool
	// Reason says what the client did wrong, when the error is of this side.
	Reason string
}

// Error gives the code, who sent it, and why.
func (e *StreamError) Error() string {
	if e.Remote {
		return "http3: the client reset the stream: " + e.Code.String()
	}
	return "http3: stream error: " + e.Code.String() + ": " + e.Reason
}

// Is makes what the client sent an ErrReset.
func (e *StreamError) Is(target error) bool { return e.Remote && target == ErrReset }

// ConnError ends a connection.
type ConnError struct {
	Code ErrCode
	// Remote says that the client sent it, or that QUIC did.
	Remote bool
	// Reason says what went wrong.
	Reason string
}

// Error gives the code, who sent it, and why.
func (e *ConnError) Error() string {
	if e.Remote {
		return "http3: the connection is over: " + e.Code.String() + ": " + e.Reason
	}
	return "http3: connection error: " + e.Code.String() + ": " + e.Reason
}

func connError(code ErrCode, reason string) *ConnError {
	return &ConnError{Code: code, Reason: reason}
}

func streamError(code ErrCode, reason string) *StreamError {
	return &StreamError{Code: code, Reason: reason}
}

// fromQUIC makes one of our errors of what a stream or a connection of QUIC gave. Only a deadline of a
// stream is a time-out: one of the connection is its end.
func fromQUIC(err error) error {
	if err == nil || errors.Is(err, quic.ErrStreamClosed) {
		return err
	}
	if e, ok := errors.AsType[*quic.StreamError](err); ok {
		if !e.Remote {
			return ErrAborted
		}
		return &StreamError{Code: ErrCode(e.ErrorCode), Remote: true}
	}
	if e, ok := errors.AsType[*quic.ApplicationError](err); ok {
		return &ConnError{Code: ErrCode(e.ErrorCode), Remote: e.Remote, Reason: e.ErrorMessage}
	}
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return ErrTimeout
	}
	return &ConnError{Code: NoError, Remote: true, Reason: err.Error()}
}
