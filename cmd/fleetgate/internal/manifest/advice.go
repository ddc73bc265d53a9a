package manifest

import "strings"

// advice is what to write instead of fields that people expect and the API does not have, by the last part
// of their path.
var advice = map[string]string{
	"requestTimeout": "there is no RequestTimeout filter: set rules[].timeouts.request, such as timeouts: {request: 10s}",
	"requestRetry":   "there is no RequestRetry filter: set rules[].retry, such as retry: {attempts: 3, backoff: 1s}",
	"headers.regex":  "set type: RegularExpression and value",
	"prefix":         "write path: {type: PathPrefix, value: …}",
}

// advise words a strict decoding error: which field, what becomes of it, and what to write instead.
func advise(message string) string {
	field, unknown := strings.CutPrefix(message, `unknown field "`)
	if !unknown {
		return message
	}
	field = strings.TrimSuffix(field, `"`)
	text := "unknown field " + field + ", which is ignored"
	for suffix, what := range advice {
		if strings.HasSuffix(field, "."+suffix) {
			return text + ": " + what
		}
	}
	return text
}
