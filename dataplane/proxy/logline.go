package proxy

import (
	"strconv"
	"time"
	"unicode/utf8"
)

// logField bounds a field that a client chose.
const logField = 2048

// logClock keeps the text of a second, which is the same for many lines.
type logClock struct {
	second int64
	text   []byte
}

// append adds a time with microseconds (RFC 3339).
func (c *logClock) append(b []byte, t time.Time) []byte {
	if second := t.Unix(); second != c.second || c.text == nil {
		c.second = second
		c.text = t.UTC().AppendFormat(c.text[:0], "2006-01-02T15:04:05.")
	}
	b = append(b, c.text...)
	b = appendDigits(b, t.Nanosecond()/1000, 6)
	return append(b, 'Z')
}

// appendDigits adds a number with so many digits.
func appendDigits(b []byte, value, digits int) []byte {
	b = append(b, "000000"[:digits]...)
	for i := len(b) - 1; value > 0 && digits > 0; i-- {
		b[i] = byte('0' + value%10)
		value /= 10
		digits--
	}
	return b
}

// appendRecord adds a line. Names of fields are part of our interface.
func (c *logClock) appendRecord(b []byte, r *Record) []byte {
	b = append(b, `{"time":"`...)
	b = c.append(b, r.Start)
	b = appendText(b, `","gateway":"`, r.Gateway)
	b = appendText(b, `","listener":"`, r.Listener)
	b = appendText(b, `","method":"`, r.Method)
	b = appendText(b, `","host":"`, r.Host)
	b = appendText(b, `","path":"`, r.Path)
	b = appendNumber(b, `","status":`, r.Status)
	b = append(b, `,"duration_ms":`...)
	micros := r.Duration.Microseconds()
	b = strconv.AppendInt(b, micros/1000, 10)
	b = appendDigits(append(b, '.'), int(micros%1000), 3)
	b = appendText(b, `,"route":"`, r.Route)
	b = appendText(b, `","rule":"`, r.Rule)
	b = appendText(b, `","backend":"`, r.Backend)
	b = appendText(b, `","endpoint":"`, r.Endpoint)
	b = appendNumber(b, `","upstream_attempts":`, r.Attempts)
	b = appendText(b, `,"reason":"`, r.Reason)
	b = appendText(b, `","request_id":"`, r.RequestID)
	if r.Relayed != nil {
		return appendRelayed(b, r.Relayed)
	}
	return append(b, "\"}\n"...)
}

func appendRelayed(b []byte, r *Relayed) []byte {
	b = appendNumber(b, `","bytes_up":`, int(r.Up))
	b = appendNumber(b, `,"bytes_down":`, int(r.Down))
	if r.UDP {
		b = appendNumber(b, `,"datagrams_up":`, int(r.DatagramsUp))
		b = appendNumber(b, `,"datagrams_down":`, int(r.DatagramsDown))
	}
	return append(b, "}\n"...)
}

func appendNumber(b []byte, before string, value int) []byte {
	return strconv.AppendInt(append(b, before...), int64(value), 10)
}

// appendText adds the value of a field after the text before it. Whatever a client put into the
// value, it stays one line and one JSON string, without control characters that a terminal would obey.
func appendText(b []byte, before, value string) []byte {
	b = append(b, before...)
	if len(value) > logField {
		value = value[:logField]
	}
	for i := range len(value) {
		if !unescaped[value[i]] {
			return appendEscaped(append(b, value[:i]...), value[i:])
		}
	}
	return append(b, value...)
}

// unescaped are the bytes that stand for themselves: ASCII without control characters, quote and backslash.
var unescaped = func() (table [256]bool) {
	for c := ' '; c <= '~'; c++ {
		table[c] = c != '"' && c != '\\'
	}
	return table
}()

func appendEscaped(b []byte, value string) []byte {
	for i := 0; i < len(value); {
		r, size := utf8.DecodeRuneInString(value[i:])
		switch {
		case r == '"' || r == '\\':
			b = append(b, '\\', byte(r))
		case r < 0x20 || r >= 0x7f && r < 0xa0 || r == 0x2028 || r == 0x2029:
			const digits = "0123456789abcdef"
			b = append(b, '\\', 'u', digits[r>>12&15], digits[r>>8&15], digits[r>>4&15], digits[r&15])
		case r == utf8.RuneError:
			b = append(b, `\ufffd`...)
		default:
			b = append(b, value[i:i+size]...)
		}
		i += size
	}
	return b
}
