package router

import "testing"

func TestNormalQuery(t *testing.T) {
	for raw, want := range map[string]string{
		"": "", "a=1&b=2": "a=1&b=2", "a=1;b=2": "a=1;b=2", "a=é": "a=%C3%A9", `a="x"`: "a=%22x%22", "a=%2f": "a=%2f",
	} {
		if got, err := NormalQuery(raw); err != nil || got != want {
			t.Errorf("%q: got %q, %v, want %q", raw, got, err, want)
		}
	}
	for _, raw := range []string{"a\x00", "a\r\nb", "a#b"} {
		if got, err := NormalQuery(raw); err == nil {
			t.Errorf("%q was taken as %q", raw, got)
		}
	}
}
