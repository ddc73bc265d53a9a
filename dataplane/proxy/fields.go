package proxy

import (
	"strings"

	"github.com/fleetgate/fleetgate/dataplane/message"
)

// fields is a list of header fields that filters can edit.
type fields struct {
	list *[]message.Field
	// host is the request's host, which is kept apart; nil for a response.
	host *string
}

// Set implements filter.Header.
func (f *fields) Set(name, value string) {
	if f.isHost(name) {
		*f.host = value
		return
	}
	f.Del(name)
	*f.list = append(*f.list, message.NewField(name, value))
}

// Add implements filter.Header.
func (f *fields) Add(name, value string) {
	if f.isHost(name) {
		return // there can be one only
	}
	*f.list = append(*f.list, message.NewField(name, value))
}

// Del implements filter.Header.
func (f *fields) Del(name string) {
	kept := (*f.list)[:0]
	for _, field := range *f.list {
		if !strings.EqualFold(field.Name, name) {
			kept = append(kept, field)
		}
	}
	*f.list = kept
}

func (f *fields) isHost(name string) bool {
	return f.host != nil && strings.EqualFold(name, "Host")
}

// headerView lets the router look at the header of a request.
type headerView struct{ r *message.Request }

// Value implements router.Header.
func (v headerView) Value(name string) (string, bool) {
	if name == "Host" {
		return v.r.Authority, true
	}
	value, found := "", false
	for i := range v.r.Fields {
		f := &v.r.Fields[i]
		if len(f.Name) != len(name) || !strings.EqualFold(f.Name, name) {
			continue
		}
		if found {
			value += "," + f.Value
		} else {
			value, found = f.Value, true
		}
	}
	return value, found
}

// find gives the one value of a field; false when there is none or more than one.
func find(list []message.Field, id message.ID) (value string, one bool) {
	for i := range list {
		if list[i].ID != id {
			continue
		}
		if one {
			return "", false
		}
		value, one = list[i].Value, true
	}
	return value, one
}
