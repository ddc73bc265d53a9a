package proxy

import (
	"strconv"

	"github.com/fleetgate/fleetgate/dataplane/message"
)

// grpcCode is a status of gRPC.
type grpcCode uint8

// Statuses of gRPC that the proxy answers with.
const (
	grpcUnknown           grpcCode = 2
	grpcDeadlineExceeded  grpcCode = 4
	grpcPermissionDenied  grpcCode = 7
	grpcResourceExhausted grpcCode = 8
	grpcUnimplemented     grpcCode = 12
	grpcInternal          grpcCode = 13
	grpcUnavailable       grpcCode = 14
	grpcUnauthenticated   grpcCode = 16
)

// grpcOf gives what a client of gRPC is told instead of an HTTP status. It is what the client would make of that itself
// (gRPC's "HTTP to gRPC Status Code Mapping"), but for more precise words: a time that is over, a body that is too large;
// and a rule that has nobody to ask is unavailable (Gateway API, GRPCBackendRef).
func grpcOf(status int) grpcCode {
	switch status {
	case 400:
		return grpcInternal
	case 401:
		return grpcUnauthenticated
	case 403:
		return grpcPermissionDenied
	case 404, 405, 501:
		return grpcUnimplemented
	case 408, 504:
		return grpcDeadlineExceeded
	case 413, 431:
		return grpcResourceExhausted
	case 429, 500, 502, 503:
		return grpcUnavailable
	}
	return grpcUnknown
}

// isGRPC says whether a request is a call of gRPC. Those of gRPC-Web are not: they take HTTP's statuses.
func isGRPC(r *message.Request) bool {
	const name = "application/grpc"
	if r.Method != "POST" {
		return false
	}
	value := firstValue(r.Fields, "Content-Type")
	if len(value) < len(name) || value[:len(name)] != name {
		return false
	}
	return len(value) == len(name) || value[len(name)] == '+' || value[len(name)] == ';' || value[len(name)] == ' '
}

// answerGRPC answers a call with a status and without a message, which is a response of a head alone ("Trailers-Only").
// The record keeps the HTTP status that it stands for.
func (x *exchange) answerGRPC(status int, reason string) {
	x.startReply(200)
	x.record.Status, x.record.Reason = status, reason
	x.reply.Fields = append(
		x.reply.Fields,
		message.Field{Name: "Content-Type", Value: "application/grpc", ID: message.EndToEnd},
		message.Field{Name: "Grpc-Status", Value: strconv.Itoa(int(grpcOf(status)))},
		message.Field{Name: "Grpc-Message", Value: grpcText(status)},
		message.Field{Name: "X-Request-Id", Value: x.record.RequestID, ID: message.XRequestID},
	)
	x.sendReply("")
}

// grpcText says in words why a call failed: no more than its status does.
func grpcText(status int) string {
	text := answerText(status)
	return text[:len(text)-1]
}
