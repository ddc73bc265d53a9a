package http1

import "bytes"

var (
	newline   = []byte("\r\n")
	emptyLine = []byte("\r\n\r\n")
)

// HeadEnd finds the end of the head that b begins with: its length up to and with the empty line, 0
// when that is not there yet. from is how much of b an earlier call has seen, so that a slow sender
// costs linear time.
//
// A head that cannot become one is refused before it is whole: for a bare CR, a bare LF, or another
// control character, such as those of a TLS ClientHello. The error is a *Fault as of a request; of
// a response, only its Reason means something. A head that is whole is not looked into, which is
// left to ParseRequest and ParseResponse. A head may begin with an empty line, see ParseRequest.
func HeadEnd(b []byte, from int) (end int, err error) {
	from = min(max(from, 0), len(b))
	for at := max(from-len(emptyLine)+1, 0); ; {
		i := bytes.IndexByte(b[at:], '\n')
		if i < 0 {
			break
		}
		at += i + 1
		// Lines are long, so one look behind each is cheaper than a search for four bytes.
		if at+2 <= len(b) && b[at] == '\r' && b[at+1] == '\n' && at >= 2 && b[at-2] == '\r' {
			return at + 2, nil
		}
	}
	if from > 0 && b[from-1] == '\r' {
		from--
	}
	return 0, nonsense(view(b[from:])).ofRequest()
}

// nonsense finds what no part of a head has. A CR at the end may have its LF yet to come.
func nonsense(s string) flaw {
	for {
		i := firstControl(s)
		switch {
		case i == len(s):
			return sound
		case s[i] == '\n':
			return bareLF
		case s[i] != '\r':
			return control
		case i+1 == len(s):
			return sound
		case s[i+1] != '\n':
			return bareCR
		}
		s = s[i+2:]
	}
}
