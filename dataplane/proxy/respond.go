package proxy

import (
	"errors"
	"io"
	"time"

	"github.com/fleetgate/fleetgate/dataplane/filter"
	"github.com/fleetgate/fleetgate/dataplane/message"
)

// respond passes a backend's response on.
func (x *exchange) respond(t *attempt) {
	x.startReply(x.response.Status)
	x.reply.Fields = x.reply.Fields[:0]
	x.reply.Reason, x.reply.ContentLength = x.response.Reason, x.response.ContentLength
	x.reply.Bodiless = x.response.Bodiless
	x.copyReplyFields()
	x.advertise()
	x.editReply()
	x.keepSession(t.endpoint)
	if err := x.relay(t); err != nil {
		x.broken(err)
	}
}

// editReply applies the filters for responses.
func (x *exchange) editReply() {
	x.editCORS()
	x.edit = fields{list: &x.reply.Fields}
	if len(x.replyEdits) > 0 {
		edit(&x.edit, x.replyEdits, nil)
	}
	if x.verdict != nil {
		edit(&x.edit, x.verdict.reply, nil)
	}
	filter.EditHeader(&x.edit, x.action.rule.Filters.Response)
	filter.EditHeader(&x.edit, x.backend.Filters.Response)
}

// copyReplyFields passes on what is not of the backend's connection, and a Date if it said none.
func (x *exchange) copyReplyFields() {
	dated := false
	for i := range x.response.Fields {
		f := &x.response.Fields[i]
		if f.Hop || f.ID == message.ContentLength {
			continue
		}
		dated = dated || len(f.Name) == 4 && (f.Name == "Date" || f.Name == "date")
		x.reply.Fields = append(x.reply.Fields, *f)
	}
	if !dated && x.response.Status >= 200 {
		x.reply.Fields = append(x.reply.Fields, message.Field{Name: "Date", Value: dateAt(x.record.Start), ID: message.EndToEnd})
	}
}

var errClient = errors.New("write to the client")

// relay passes head and body on. What is here goes out together; what comes piece by piece is passed on
// piece by piece.
func (x *exchange) relay(t *attempt) error {
	if x.reply.Bodiless || x.reply.ContentLength == 0 {
		return toClient(x.in.Respond(&x.reply, nil, true))
	}
	var piece []byte
	var err error
	if t.call.Here() {
		piece, err = t.call.Next()
	}
	switch {
	case errors.Is(err, io.EOF):
		if trailers := t.call.Trailers(); len(trailers) > 0 {
			return errors.Join(toClient(x.in.Respond(&x.reply, nil, false)), toClient(x.in.Trail(trailers)))
		}
		return toClient(x.in.Respond(&x.reply, nil, true))
	case err != nil:
		return err
	}
	last := piece != nil && t.call.Ended()
	if err := x.in.Respond(&x.reply, piece, last); err != nil || last {
		return toClient(err)
	}
	return x.relayRest(t)
}

func (x *exchange) relayRest(t *attempt) error {
	for {
		var piece []byte
		err := x.waiting(t, time.Now(), func() (err error) {
			piece, err = t.call.Next()
			return err
		})
		switch {
		case errors.Is(err, io.EOF):
			if trailers := t.call.Trailers(); len(trailers) > 0 {
				return toClient(x.in.Trail(trailers))
			}
			return toClient(x.in.Body(nil, true))
		case err != nil:
			return err
		}
		last := t.call.Ended()
		if err := x.in.Body(piece, last); err != nil || last {
			return toClient(err)
		}
	}
}

// toClient marks an error of writing to the client.
func toClient(err error) error {
	if err != nil {
		return errors.Join(errClient, err)
	}
	return nil
}

// broken ends an exchange whose response cannot be completed, so that half a response is not taken for a whole one.
func (x *exchange) broken(err error) {
	switch {
	case errors.Is(x.cause(), errLargeBody):
		x.record.Reason = ReasonBodyTooLarge
	case errors.Is(err, errClient), errors.Is(err, errClientGone), x.cause() != nil:
		x.record.Reason = ReasonClientGone
	case errors.Is(err, errRequestTimeout):
		x.record.Reason = ReasonRequestTimeout
	case errors.Is(err, errBackendTimeout):
		x.record.Reason = ReasonBackendTimeout
	default:
		x.record.Reason = ReasonUpstreamAborted
	}
	x.in.abort()
}
