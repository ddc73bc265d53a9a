package http3

import (
	"bufio"
	"context"
	"errors"
	"io"
	"math"
	"sync/atomic"
	"time"

	"github.com/quic-go/quic-go"
	"github.com/quic-go/quic-go/quicvarint"
)

// sideStreams are the unidirectional streams that a client may open once, by type.
type sideStreams [streamDecoder + 1]atomic.Bool

// sideBuffer is enough for what clients say beside requests; settings may be longer.
const sideBuffer = 128

// acceptSide takes the unidirectional streams.
func (s *Server) acceptSide() {
	for {
		st, err := s.conn.AcceptUniStream(context.Background())
		if err != nil {
			return
		}
		s.running.Go(func() {
			defer st.ReleaseStreamCredit()
			s.serveSide(st)
		})
	}
}

// serveSide reads the type of a stream (RFC 9114 section 6.2), and then the stream.
func (s *Server) serveSide(st *quic.ReceiveStream) {
	r := bufio.NewReaderSize(st, sideBuffer)
	_ = st.SetReadDeadline(time.Now().Add(s.options.HeaderTimeout)) // a read fails if this does
	name, err := quicvarint.Read(r)
	if err != nil {
		st.CancelRead(quic.StreamErrorCode(StreamCreationError)) // it may end before it says what it is
		return
	}
	if name > streamDecoder {
		st.CancelRead(quic.StreamErrorCode(StreamCreationError)) // a type that nobody knows
		return
	}
	_ = st.SetReadDeadline(time.Time{}) // a read fails if this does
	if name == streamPush {
		s.fail(connError(StreamCreationError, "clients do not push"))
		return
	}
	if s.side[name].Swap(true) {
		s.fail(connError(StreamCreationError, "a stream that there is already"))
		return
	}
	switch name {
	case streamControl:
		err = readControl(r)
	case streamEncoder:
		err = readEncoder(r)
	default:
		err = readDecoder(r)
	}
	if _, wrong := errors.AsType[*ConnError](err); !wrong {
		// The connection has ended, and this says no more, or the stream has (sections 6.2.1, RFC 9204
		// section 4.2).
		err = connError(ClosedCriticalStream, "the client closed a stream that must stay")
	}
	s.fail(err)
}

// maxSettings bounds the payload of SETTINGS in bytes.
const maxSettings = 4 << 10

// readControl reads the client's control stream until there is something wrong with it.
func readControl(r *bufio.Reader) error {
	push := pushes{goAway: math.MaxUint64}
	for first := true; ; first = false {
		k, length, err := readFrameHeader(r)
		if err != nil {
			return err
		}
		switch {
		case first && k != kindSettings:
			err = connError(MissingSettings, "the control stream does not begin with SETTINGS")
		case first:
			err = readSettings(r, length)
		case k == kindGoAway || k == kindMaxPushID || k == kindCancelPush:
			err = push.read(r, k, length)
		case k == kindSettings || k == kindData || k == kindHeaders || k == kindPushPromise || k.isHTTP2():
			err = connError(FrameUnexpected, "a frame that a control stream has not")
		default:
			_, err = io.CopyN(io.Discard, r, int64(length)) // below 2^62
		}
		if err != nil {
			return err
		}
	}
}

func readFrameHeader(r *bufio.Reader) (k kind, length uint64, err error) {
	name, err := quicvarint.Read(r)
	if err != nil {
		return 0, 0, err
	}
	length, err = quicvarint.Read(r)
	return kind(name), length, err
}

// readSettings reads the client's settings (RFC 9114 section 7.2.4), none of which changes what is sent
// to it: the table is not used, and the size of field sections is for the backend to bound.
func readSettings(r *bufio.Reader, length uint64) error {
	if length > maxSettings {
		return connError(ExcessiveLoad, "SETTINGS too large")
	}
	payload := make([]byte, length)
	if _, err := io.ReadFull(r, payload); err != nil {
		return err
	}
	seen := map[setting]bool{}
	for len(payload) > 0 {
		name, value, n := parseFrameHeader(payload) // two numbers, as there
		switch {
		case n == 0:
			return connError(FrameError, "SETTINGS cut short")
		case setting(name).isHTTP2() || seen[setting(name)]:
			return connError(SettingsError, "a setting that must not be there, or twice")
		case setting(name) == settingConnectProtocol && value > 1:
			return connError(SettingsError, "a setting out of range")
		}
		seen[setting(name)] = true
		payload = payload[n:]
	}
	return nil
}

// pushes is what a client says of pushes, of which there are none.
type pushes struct {
	max    uint64 // MAX_PUSH_ID
	goAway uint64 // the last GOAWAY
}

// read reads a frame whose payload is one number (RFC 9114 sections 7.2.3, 7.2.6 and 7.2.7).
func (p *pushes) read(r *bufio.Reader, k kind, length uint64) error {
	var payload [8]byte
	if length == 0 || length > uint64(len(payload)) {
		return connError(FrameError, "bad length of a frame")
	}
	if _, err := io.ReadFull(r, payload[:length]); err != nil {
		return err
	}
	id, n, err := quicvarint.Parse(payload[:length])
	switch {
	case err != nil || uint64(n) != length:
		return connError(FrameError, "bad length of a frame")
	case k == kindCancelPush:
		return connError(IDError, "there is no such push")
	case k == kindMaxPushID && id < p.max, k == kindGoAway && id > p.goAway:
		return connError(IDError, "an id that goes the wrong way")
	case k == kindMaxPushID:
		p.max = id
	default:
		p.goAway = id
	}
	return nil
}

// readEncoder reads the client's encoder stream (RFC 9204 section 4.3): in a table of no size nothing
// can be inserted.
func readEncoder(r *bufio.Reader) error {
	const setNoCapacity = 0x20
	for {
		b, err := r.ReadByte()
		if err != nil {
			return err
		}
		if b != setNoCapacity {
			return connError(EncoderStreamError, "there is no dynamic table")
		}
	}
}

// readDecoder reads the client's decoder stream (RFC 9204 section 4.4): nothing that was sent needs to be
// acknowledged, but streams may be cancelled.
func readDecoder(r *bufio.Reader) error {
	const cancellation, kinds, prefix = 0x40, 0xc0, 0x3f
	for {
		b, err := r.ReadByte()
		if err != nil {
			return err
		}
		if b&kinds != cancellation {
			return connError(DecoderStreamError, "nothing was sent that this is about")
		}
		if b&prefix != prefix {
			continue
		}
		if err := skipNumber(r); err != nil {
			return err
		}
	}
}

// skipNumber skips the rest of a number, which has 62 bits at most.
func skipNumber(r *bufio.Reader) error {
	for range 9 {
		if b, err := r.ReadByte(); err != nil || b&0x80 == 0 {
			return err
		}
	}
	return connError(DecoderStreamError, "a number too large")
}
