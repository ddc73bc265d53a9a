package responder

import (
	"encoding/binary"
	"encoding/json"
	"net/http"
	"strings"
)

// isCall says whether a request is a call of gRPC.
func isCall(req *http.Request) bool {
	return req.ProtoMajor == 2 && strings.HasPrefix(req.Header.Get("Content-Type"), "application/grpc")
}

// gRPC's codes for answers that are given, and for those that are asked to fail.
const (
	grpcOK          = "0"
	grpcUnavailable = "14"
)

// writeCall answers a call, of whatever service and method, with one message, whose content is JSON. It is for clients that
// speak application/grpc+json, such as curl.
func writeCall(w http.ResponseWriter, req *http.Request, status int, body any) {
	code := grpcOK
	if status >= http.StatusBadRequest {
		code = grpcUnavailable
	}
	message, err := json.Marshal(body)
	if err != nil {
		code, message = grpcUnavailable, nil
	}
	w.Header().Set("Content-Type", req.Header.Get("Content-Type"))
	w.Header().Set("Trailer", "Grpc-Status")
	message = append(message, '\n')
	frame := make([]byte, 5, 5+len(message)) // not compressed, then the length
	binary.BigEndian.PutUint32(frame[1:], uint32(len(message)))
	_, _ = w.Write(append(frame, message...)) // the client is gone: nobody to tell
	w.Header().Set("Grpc-Status", code)
}
