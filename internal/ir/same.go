package ir

import "reflect"

// SameListeners says whether listeners are equal. It is fast where they share what they refer to, as they do when some were made of
// the others.
func SameListeners(a, b []Listener) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if !sameListener(&a[i], &b[i]) {
			return false
		}
	}
	return true
}

func sameListener(a, b *Listener) bool {
	return a.Name == b.Name && a.Set == b.Set && a.Port == b.Port && a.Protocol == b.Protocol && a.Hostname == b.Hostname &&
		a.Serves == b.Serves && a.Proxied == b.Proxied && a.Passthrough == b.Passthrough &&
		a.Attached == b.Attached && a.Overlapping == b.Overlapping && a.ClientAuth == b.ClientAuth &&
		a.TLSOptions.MinVersion == b.TLSOptions.MinVersion && a.TLSOptions.MaxVersion == b.TLSOptions.MaxVersion &&
		same(a.TLSOptions.CipherSuites, b.TLSOptions.CipherSuites) && same(a.TLSOptions.ALPN, b.TLSOptions.ALPN) &&
		same(a.Kinds, b.Kinds) && same(a.Secrets, b.Secrets) && same(a.Certificates, b.Certificates) &&
		same(a.Filters, b.Filters) && same(a.Notes, b.Notes) && same(a.Problems, b.Problems)
}

// same looks at elements only where two slices do not share them.
func same[T any](a, b []T) bool {
	return len(a) == len(b) && (len(a) == 0 || &a[0] == &b[0] || reflect.DeepEqual(a, b))
}
