// Package extauthz is the messages of Envoy's external authorization (envoy.service.auth.v3) that a proxy
// writes and reads, in the wire format of protocol buffers. It does no I/O.
package extauthz

import (
	"encoding/binary"
	"errors"
	"strings"
	"time"
	"unicode/utf8"
)

// Path is the method that is called.
const Path = "/envoy.service.auth.v3.Authorization/Check"

// Header is a name and a value.
type Header struct{ Name, Value string }

// Check is a request that asks whether another one may pass.
type Check struct {
	// Source is the client's address without a port.
	Source string
	Time   time.Time
	// ID names the request in logs.
	ID, Method, Scheme, Host string
	// Path is that of the request with its query.
	Path string
	// Protocol is such as "HTTP/1.1".
	Protocol string
	// Headers have names in lower case; those of equal names are joined.
	Headers []Header
	// Size is the length of the whole body, -1 when it is not known, and Body what is passed on of it.
	Size int64
	Body []byte
}

// Append adds the CheckRequest in a frame of gRPC.
func (c *Check) Append(b []byte) []byte {
	request := appendMessage(nil, 1, c.time())
	request = appendMessage(request, 2, c.http())
	address := appendText(nil, 2, c.Source)
	attributes := appendMessage(nil, 1, appendMessage(nil, 1, appendMessage(nil, 1, address)))
	attributes = appendMessage(attributes, 4, request)
	message := appendMessage(nil, 1, attributes)
	b = binary.BigEndian.AppendUint32(append(b, 0), uint32(len(message)))
	return append(b, message...)
}

func (c *Check) time() []byte {
	return appendNumber(appendNumber(nil, 1, uint64(c.Time.Unix())), 2, uint64(c.Time.Nanosecond()))
}

func (c *Check) http() []byte {
	b := appendText(appendText(nil, 1, c.ID), 2, c.Method)
	headers := joined(c.Headers)
	for i := range headers {
		b = appendMessage(b, 3, appendText(appendText(nil, 1, headers[i].Name), 2, strings.ToValidUTF8(headers[i].Value, "\uFFFD")))
	}
	b = appendText(appendText(appendText(b, 4, c.Path), 5, c.Host), 6, c.Scheme)
	b = appendText(appendNumber(b, 9, uint64(c.Size)), 10, c.Protocol)
	if utf8.Valid(c.Body) {
		return appendText(b, 11, c.Body)
	}
	return appendText(b, 12, c.Body)
}

// joined puts the values of equal names together, since a map has each key once.
func joined(headers []Header) (list []Header) {
	places := map[string]int{}
	for _, h := range headers {
		if place, ok := places[h.Name]; ok {
			separator := ","
			if h.Name == "cookie" {
				separator = "; "
			}
			list[place].Value += separator + h.Value
			continue
		}
		places[h.Name] = len(list)
		list = append(list, h)
	}
	return list
}

// ErrFrame says that a body is not one message of gRPC.
var ErrFrame = errors.New("the answer is not one message of gRPC")

// Unframe gives the message of a gRPC body that has exactly one, not compressed.
func Unframe(body []byte) ([]byte, error) {
	if len(body) < 5 || body[0] != 0 || uint64(binary.BigEndian.Uint32(body[1:])) != uint64(len(body)-5) {
		return nil, ErrFrame
	}
	return body[5:], nil
}
