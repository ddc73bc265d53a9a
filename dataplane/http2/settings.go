package http2

import "encoding/binary"

// setting is the name of a setting (RFC 9113 section 6.5.2, RFC 8441 section 3, RFC 9218 section 2.1).
type setting uint16

const (
	settingEnablePush      setting = 0x2
	settingMaxStreams      setting = 0x3
	settingInitialWindow   setting = 0x4
	settingMaxFrameSize    setting = 0x5
	settingMaxHeaderList   setting = 0x6
	settingConnectProtocol setting = 0x8
	settingNoPriorities    setting = 0x9
)

const settingLen = 6

func appendSetting(b []byte, name setting, value uint32) []byte {
	b = binary.BigEndian.AppendUint16(b, uint16(name))
	return binary.BigEndian.AppendUint32(b, value)
}

// peerSettings is what the peer has said of itself. The size of its HPACK table is of no interest to
// an encoder that never uses it, the size of its header list is advice that cannot be followed, and
// frames are never longer than every peer takes them.
type peerSettings struct {
	known         bool // the first SETTINGS frame has come
	initialWindow int32
	maxStreams    uint32
	connect       bool
}

// apply takes the payload of a SETTINGS frame in, in order.
func (p *peerSettings) apply(payload []byte, client bool) error {
	for ; len(payload) >= settingLen; payload = payload[settingLen:] {
		name, value := setting(binary.BigEndian.Uint16(payload)), binary.BigEndian.Uint32(payload[2:])
		if err := p.set(name, value, client); err != nil {
			return err
		}
	}
	if !p.known {
		p.known = true
	}
	return nil
}

// set takes one setting in. client says that this side is the client.
func (p *peerSettings) set(name setting, value uint32, client bool) error {
	switch name {
	case settingEnablePush:
		if value > 1 || client && value != 0 {
			return connError(ProtocolError, "bad SETTINGS_ENABLE_PUSH")
		}
	case settingMaxStreams:
		p.maxStreams = value
	case settingInitialWindow:
		if value > maxWindow {
			return connError(FlowControlError, "SETTINGS_INITIAL_WINDOW_SIZE is too large")
		}
		p.initialWindow = int32(value)
	case settingMaxFrameSize:
		if value < maxFrameLen || value > 1<<24-1 {
			return connError(ProtocolError, "bad SETTINGS_MAX_FRAME_SIZE")
		}
	case settingConnectProtocol:
		if value > 1 || value == 0 && p.connect {
			return connError(ProtocolError, "bad SETTINGS_ENABLE_CONNECT_PROTOCOL")
		}
		p.connect = value == 1
	case settingMaxHeaderList, settingNoPriorities:
	}
	return nil
}
