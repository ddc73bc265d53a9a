package preface

import "fmt"

// nameKinds says which bytes a name may have: those of a hostname, and the underscore and colon
// that some names and addresses have.
var nameKinds = func() (table [256]bool) {
	for _, c := range []byte("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._:") {
		table[c] = true
	}
	return table
}()

// serverName gives the host_name of a ServerNameList, "" if it has none (RFC 6066 section 3).
func serverName(value cursor) (name string, err error) {
	list, ok := value.vector(2)
	if !ok || value.left != 0 || list.left == 0 {
		return "", fmt.Errorf("%w: list of server names", ErrHello)
	}
	for list.left > 0 {
		kind, ok1 := list.uint8()
		one, ok2 := list.vector(2)
		switch {
		case !ok1 || !ok2 || one.left == 0:
			return "", fmt.Errorf("%w: server name of a wrong length", ErrHello)
		case kind != 0:
			continue // no other kind of name was ever defined
		case name != "":
			return "", fmt.Errorf("%w: two server names", ErrHello)
		}
		if name, err = hostname(one); err != nil {
			return "", err
		}
	}
	return name, nil
}

// hostname gives a name in lower case.
func hostname(c cursor) (string, error) {
	var space [maxName]byte
	n := c.left
	if n > maxName {
		return "", fmt.Errorf("%w: server name of %d bytes", ErrHello, n)
	}
	c.read(space[:n])
	for i, b := range space[:n] {
		if !nameKinds[b] {
			return "", fmt.Errorf("%w: byte %#x in the server name", ErrHello, b)
		}
		if 'A' <= b && b <= 'Z' {
			space[i] = b | 0x20
		}
	}
	if space[n-1] == '.' {
		return "", fmt.Errorf("%w: the server name ends with a dot", ErrHello)
	}
	return string(space[:n]), nil
}
