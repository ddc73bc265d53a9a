package message

// SoundPort says whether s, what follows the host in an authority, is nothing or a colon and a port,
// which may be empty (RFC 3986 section 3.2.3).
func SoundPort(s string) bool {
	if s == "" {
		return true
	}
	if s[0] != ':' || len(s) > len(":65535") {
		return false
	}
	n := 0
	for i := 1; i < len(s); i++ {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
		n = n*10 + int(s[i]-'0')
	}
	return n <= 65535
}
