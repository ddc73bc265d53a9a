package main

import (
	"context"
	"maps"
	"slices"

	corev3 "github.com/envoyproxy/go-control-plane/envoy/config/core/v3"
	authv3 "github.com/envoyproxy/go-control-plane/envoy/service/auth/v3"
	typev3 "github.com/envoyproxy/go-control-plane/envoy/type/v3"
	statusv3 "google.golang.org/genproto/googleapis/rpc/status"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// checker is envoy.service.auth.v3.Authorization.
type checker struct {
	authv3.UnimplementedAuthorizationServer
}

// Check lets pass as answer does; besides, it takes the header X-Role from requests and adds X-Checked to responses.
func (checker) Check(_ context.Context, request *authv3.CheckRequest) (*authv3.CheckResponse, error) {
	asked := request.GetAttributes().GetRequest().GetHttp()
	if asked.GetHeaders()["authorization"] == broken {
		return nil, status.Error(codes.Internal, "out of order")
	}
	body := asked.GetBody()
	if body == "" {
		body = string(asked.GetRawBody())
	}
	grants, allowed := verdict(question{
		authorization: asked.GetHeaders()["authorization"], path: asked.GetPath(), body: body,
		names: slices.Sorted(maps.Keys(asked.GetHeaders())),
	})
	if !allowed {
		return denied(), nil
	}
	made := &authv3.OkHttpResponse{HeadersToRemove: []string{"x-role"}, ResponseHeadersToAdd: []*corev3.HeaderValueOption{set("X-Checked", "yes")}}
	for _, h := range grants {
		made.Headers = append(made.Headers, set(h.name, h.value))
	}
	return &authv3.CheckResponse{Status: &statusv3.Status{}, HttpResponse: &authv3.CheckResponse_OkResponse{OkResponse: made}}, nil
}

func denied() *authv3.CheckResponse {
	return &authv3.CheckResponse{
		Status: &statusv3.Status{Code: int32(codes.Unauthenticated)},
		HttpResponse: &authv3.CheckResponse_DeniedResponse{DeniedResponse: &authv3.DeniedHttpResponse{
			Status:  &typev3.HttpStatus{Code: typev3.StatusCode_Unauthorized},
			Headers: []*corev3.HeaderValueOption{set("WWW-Authenticate", challenge)}, Body: refusal,
		}},
	}
}

// set replaces what the client itself says under this name.
func set(name, value string) *corev3.HeaderValueOption {
	return &corev3.HeaderValueOption{
		Header:       &corev3.HeaderValue{Key: name, Value: value},
		AppendAction: corev3.HeaderValueOption_OVERWRITE_IF_EXISTS_OR_ADD,
	}
}
