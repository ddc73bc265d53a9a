package proxy

import (
	"io"
	"strconv"
	"sync"
	"time"
	"unicode/utf8"
)

const (
	// logBacklog is how many bytes of lines may wait for the writer; more are dropped and counted.
	logBacklog = 4 << 20
	// logField bounds a field that a client chose.
	logField = 2048
)

// accessLog writes a line of JSON for each request, from one goroutine, so that a slow reader of
// the log delays no request.
type accessLog struct {
	out     io.Writer
	mutex   sync.Mutex
	pending []byte
	dropped int
	wake    chan struct{}
	closed  bool
	done    chan struct{}
}

func newAccessLog(out io.Writer) *accessLog {
	if out == nil {
		return nil
	}
	l := &accessLog{out: out, wake: make(chan struct{}, 1), done: make(chan struct{})}
	go l.run()
	return l
}

func (l *accessLog) write(r *Record) {
	if l == nil {
		return
	}
	l.mutex.Lock()
	if len(l.pending) > logBacklog || l.closed {
		l.dropped++
	} else {
		l.pending = appendRecord(l.pending, r)
	}
	l.mutex.Unlock()
	select {
	case l.wake <- struct{}{}:
	default:
	}
}

func (l *accessLog) run() {
	defer close(l.done)
	var spare []byte
	for range l.wake {
		l.mutex.Lock()
		lines := l.pending
		l.pending = spare[:0]
		dropped, closed := l.dropped, l.closed
		l.dropped = 0
		l.mutex.Unlock()
		if dropped > 0 {
			lines = append(lines, `{"dropped":`...)
			lines = append(strconv.AppendInt(lines, int64(dropped), 10), "}\n"...)
		}
		if len(lines) > 0 {
			_, _ = l.out.Write(lines) // there is nowhere else to tell
		}
		if spare = lines; cap(spare) > 1<<20 {
			spare = nil
		}
		if closed {
			return
		}
	}
}

// close writes what is pending.
func (l *accessLog) close() {
	if l == nil {
		return
	}
	l.mutex.Lock()
	l.closed = true
	l.mutex.Unlock()
	select {
	case l.wake <- struct{}{}:
	default:
	}
	<-l.done
}

// appendRecord adds a line. Names of fields are part of our interface.
func appendRecord(b []byte, r *Record) []byte {
	b = append(b, `{"time":"`...)
	b = r.Start.UTC().AppendFormat(b, time.RFC3339Nano)
	b = append(b, '"')
	b = appendText(b, "gateway", r.Gateway)
	b = appendText(b, "listener", r.Listener)
	b = appendText(b, "method", r.Method)
	b = appendText(b, "host", r.Host)
	b = appendText(b, "path", r.Path)
	b = appendNumber(b, "status", r.Status)
	b = append(b, `,"duration_ms":`...)
	b = strconv.AppendFloat(b, float64(r.Duration.Microseconds())/1000, 'f', 3, 64)
	b = appendText(b, "route", r.Route)
	b = appendText(b, "rule", r.Rule)
	b = appendText(b, "backend", r.Backend)
	b = appendText(b, "endpoint", r.Endpoint)
	b = appendNumber(b, "upstream_attempts", r.Attempts)
	b = appendText(b, "reason", r.Reason)
	b = appendText(b, "request_id", r.RequestID)
	if r.Passthrough {
		b = appendNumber(b, "bytes_up", int(r.Up))
		b = appendNumber(b, "bytes_down", int(r.Down))
	}
	return append(b, "}\n"...)
}

func appendNumber(b []byte, name string, value int) []byte {
	b = append(append(append(b, `,"`...), name...), `":`...)
	return strconv.AppendInt(b, int64(value), 10)
}

// appendText adds a field. Whatever a client put into the value, it stays one line and one JSON
// string, without control characters that a terminal would obey.
func appendText(b []byte, name, value string) []byte {
	b = append(append(append(b, `,"`...), name...), `":"`...)
	if len(value) > logField {
		value = value[:logField]
	}
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
	return append(b, '"')
}
