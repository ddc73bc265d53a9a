package emulator

import (
	"bytes"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// protocol is how one service puts a call on the wire.
type protocol int

const (
	awsQuery protocol = iota
	ec2Query
	awsJSON
)

// service is one of the emulated services.
type service struct {
	protocol   protocol
	namespace  string
	throttled  string // the code by which this service says "slow down"
	operations map[string]operation
}

// call is one request on its way through.
type call struct {
	server    *Server
	service   string
	action    string
	region    string
	account   string
	principal string
	id        string
	now       time.Time
	r         *region
	// body holds the input until the operation says what it looks like.
	body []byte
	form url.Values
}

// operation answers a call. It runs with the state locked.
type operation func(*call) (any, error)

// op adapts a typed function to an operation.
func op[In, Out any](do func(*call, *In) (*Out, error)) operation {
	return func(c *call) (any, error) {
		in := new(In)
		if c.form != nil {
			if err := decodeForm(parseForm(c.form), in); err != nil {
				return nil, fail("ValidationError", "%s", err)
			}
		} else if len(c.body) > 0 {
			if err := json.Unmarshal(c.body, in); err != nil {
				return nil, fail("SerializationException", "%s", err)
			}
		}
		out, err := do(c, in)
		if err != nil {
			return nil, err
		}
		return out, nil
	}
}

// reads tells calls that change nothing: after the others the state is saved and the data plane follows.
func (c *call) reads() bool {
	for _, verb := range []string{"Describe", "List", "Get"} {
		if strings.HasPrefix(c.action, verb) {
			return true
		}
	}
	return false
}

// readCall finds out what is called: the service by the credential scope, the action by X-Amz-Target or the form.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/create-signed-request.html
func readCall(req *http.Request) (*call, error) {
	body, err := io.ReadAll(http.MaxBytesReader(nil, req.Body, 8<<20))
	if err != nil {
		return nil, fmt.Errorf("reading the request: %w", err)
	}
	c := &call{body: body, id: requestID(), now: time.Now()}
	scope := credentialScope(req)
	if len(scope) != 5 {
		return c, &apiError{"MissingAuthenticationToken", "Missing Authentication Token", http.StatusForbidden}
	}
	c.principal, c.region, c.service = scope[0], scope[2], scope[3]
	if target := req.Header.Get("X-Amz-Target"); target != "" {
		_, c.action, _ = strings.Cut(target, ".")
		return c, nil
	}
	c.form, err = url.ParseQuery(string(body))
	if err != nil {
		return c, fail("MalformedQueryString", "%s", err)
	}
	maps.Copy(c.form, req.URL.Query())
	c.action = c.form.Get("Action")
	return c, nil
}

// credentialScope is AKID, date, region, service and "aws4_request", or nil.
func credentialScope(req *http.Request) []string {
	credential := req.URL.Query().Get("X-Amz-Credential")
	if _, after, ok := strings.Cut(req.Header.Get("Authorization"), "Credential="); ok {
		credential, _, _ = strings.Cut(after, ",")
	}
	if credential == "" {
		return nil
	}
	return strings.Split(strings.TrimSpace(credential), "/")
}

func requestID() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails since Go 1.24
	h := hex.EncodeToString(b[:])
	return h[:8] + "-" + h[8:12] + "-" + h[12:16] + "-" + h[16:20] + "-" + h[20:]
}

// response is an answer ready to be written.
type response struct {
	status      int
	contentType string
	errorType   string
	body        []byte
}

func (r response) write(w http.ResponseWriter, id string) {
	w.Header().Set("Content-Type", r.contentType)
	w.Header().Set("X-Amzn-Requestid", id)
	if r.errorType != "" {
		w.Header().Set("X-Amzn-Errortype", r.errorType)
	}
	w.WriteHeader(r.status)
	_, _ = w.Write(r.body) // a client that went away is its own business
}

func (s service) encode(c *call, out any) (response, error) {
	if s.protocol == awsJSON {
		body, err := json.Marshal(out)
		return response{status: http.StatusOK, contentType: "application/x-amz-json-1.1", body: body}, err
	}
	outer := c.action + "Response"
	inner := outer
	if s.protocol == awsQuery {
		inner = c.action + "Result"
	}
	var buf bytes.Buffer
	if err := xml.NewEncoder(&buf).EncodeElement(out, xml.StartElement{Name: xml.Name{Local: inner}}); err != nil {
		return response{}, err
	}
	var body string
	if s.protocol == awsQuery {
		body = fmt.Sprintf(`<%s xmlns="%s">%s<ResponseMetadata><RequestId>%s</RequestId></ResponseMetadata></%s>`,
			outer, s.namespace, buf.String(), c.id, outer)
	} else {
		_, fields, _ := strings.Cut(buf.String(), ">")
		body = fmt.Sprintf(`<%s xmlns="%s"><requestId>%s</requestId>%s`, outer, s.namespace, c.id, fields)
	}
	return response{status: http.StatusOK, contentType: "text/xml;charset=UTF-8", body: []byte(xml.Header + body)}, nil
}

func (s service) encodeError(c *call, err error) response {
	var e *apiError
	if !errors.As(err, &e) {
		e = &apiError{"InternalFailure", err.Error(), http.StatusInternalServerError}
	}
	if s.protocol == awsJSON {
		body, _ := json.Marshal(map[string]string{"__type": e.Code, "message": e.Message}) // strings always marshal
		return response{e.Status, "application/x-amz-json-1.1", e.Code, body}
	}
	var message bytes.Buffer
	_ = xml.EscapeText(&message, []byte(e.Message)) // a buffer takes every write
	var body string
	if s.protocol == ec2Query {
		body = fmt.Sprintf("<Response><Errors><Error><Code>%s</Code><Message>%s</Message></Error></Errors><RequestID>%s</RequestID></Response>",
			e.Code, message.String(), c.id)
	} else {
		kind := "Sender"
		if e.Status >= http.StatusInternalServerError {
			kind = "Receiver"
		}
		body = fmt.Sprintf(`<ErrorResponse xmlns="%s"><Error><Type>%s</Type><Code>%s</Code><Message>%s</Message></Error><RequestId>%s</RequestId></ErrorResponse>`,
			s.namespace, kind, e.Code, message.String(), c.id)
	}
	return response{status: e.Status, contentType: "text/xml;charset=UTF-8", body: []byte(xml.Header + body)}
}
