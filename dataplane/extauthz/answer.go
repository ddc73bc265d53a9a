package extauthz

// Answer is a CheckResponse.
type Answer struct {
	// Allowed says that the request may pass.
	Allowed bool
	// Edits are of the headers of the request if it may pass, else of the answer to the client.
	Edits []Edit
	// Remove are headers that the request loses if it may pass.
	Remove []string
	// Reply are edits of the response of a request that may pass.
	Reply []Edit
	// Status is what a client is answered whose request may not pass, 0 when nothing is said; Body the text of it.
	Status int
	Body   string
}

// Edit sets a header.
type Edit struct {
	Header

	// Append adds the value to those that are there; IfAbsent sets it only when there are none.
	Append, IfAbsent bool
}

// Parse reads a CheckResponse. It is not allowed unless it says so without a fault.
func Parse(message []byte) (Answer, error) {
	var a Answer
	code, ok := uint64(0), []byte(nil)
	var denied []byte
	err := each(message, func(f fieldValue) error {
		switch f.field {
		case 1:
			return each(f.bytes, func(f fieldValue) error {
				if f.field == 1 {
					code = f.number
				}
				return nil
			})
		case 2:
			denied, ok = f.bytes, nil
		case 3:
			ok, denied = f.bytes, nil
		}
		return nil
	})
	if err != nil {
		return Answer{}, err
	}
	if code == 0 && denied == nil {
		err = a.allow(ok)
		a.Allowed = err == nil
	} else {
		err = a.deny(denied)
	}
	if err != nil {
		return Answer{}, err
	}
	return a, nil
}

// allow reads an OkHttpResponse.
func (a *Answer) allow(message []byte) error {
	return each(message, func(f fieldValue) error {
		switch f.field {
		case 2:
			return addEdit(&a.Edits, f.bytes)
		case 5:
			a.Remove = append(a.Remove, string(f.bytes))
		case 6:
			return addEdit(&a.Reply, f.bytes)
		}
		return nil
	})
}

// deny reads a DeniedHttpResponse.
func (a *Answer) deny(message []byte) error {
	return each(message, func(f fieldValue) error {
		switch f.field {
		case 1:
			return each(f.bytes, func(f fieldValue) error {
				if f.field == 1 && f.number <= 999 {
					a.Status = int(f.number)
				}
				return nil
			})
		case 2:
			return addEdit(&a.Edits, f.bytes)
		case 3:
			a.Body = string(f.bytes)
		}
		return nil
	})
}

// What becomes of a header that is there (HeaderValueOption.append_action).
const addIfAbsent = 1

// addEdit reads a HeaderValueOption.
func addEdit(to *[]Edit, message []byte) error {
	var e Edit
	err := each(message, func(f fieldValue) error {
		switch f.field {
		case 1:
			return e.read(f.bytes)
		case 2:
			return each(f.bytes, func(f fieldValue) error {
				e.Append = f.field == 1 && f.number != 0
				return nil
			})
		case 3:
			e.IfAbsent = f.number == addIfAbsent
		}
		return nil
	})
	*to = append(*to, e)
	return err
}

// read reads a HeaderValue.
func (h *Header) read(message []byte) error {
	return each(message, func(f fieldValue) error {
		switch f.field {
		case 1:
			h.Name = string(f.bytes)
		case 2, 3:
			h.Value = string(f.bytes)
		}
		return nil
	})
}
