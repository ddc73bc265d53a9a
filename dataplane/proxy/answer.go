package proxy

import (
	"strings"
	"sync/atomic"
	"time"

	"github.com/fleetgate/fleetgate/dataplane/message"
)

// answerText is the body of the proxy's own answers.
func answerText(status int) string {
	if 400 <= status && status < 600 {
		return answerTexts[status-400]
	}
	return "\n"
}

var answerTexts = newAnswerTexts()

func newAnswerTexts() (texts [200]string) {
	for i := range texts {
		texts[i] = strings.ToLower(message.Reason(400+i)) + "\n"
	}
	return texts
}

// date is the value of a Date field for a second.
type date struct {
	second int64
	text   string
}

var lastDate atomic.Pointer[date]

// dateAt gives a Date field (RFC 9110 section 6.6.1) for a time; a new one is made once a second.
func dateAt(t time.Time) string {
	second := t.Unix()
	if d := lastDate.Load(); d != nil && d.second == second {
		return d.text
	}
	d := &date{second, t.UTC().Format("Mon, 02 Jan 2006 15:04:05 GMT")}
	lastDate.Store(d)
	return d.text
}
