// SPDX-License-Identifier: Apache-2.0

// Command app is a program that a runtime reaches over its app channel: the unmodified app server of the Dapr SDK for Go, on the port it is given.
package main

import (
	"context"
	"errors"
	"log"
	"net"
	"os"
	"sync/atomic"
	"time"

	"github.com/dapr/go-sdk/service/common"
	daprd "github.com/dapr/go-sdk/service/grpc"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
)

// sick is how many health checks still fail.
var sick atomic.Int32

func main() {
	listener, err := net.Listen("tcp", "127.0.0.1:"+os.Args[1])
	if err != nil {
		log.Fatal(err)
	}
	rpcs := grpc.NewServer()
	rpcs.RegisterService(&shopService, new(any))
	server := daprd.NewServiceWithGrpcServer(listener, rpcs)
	handlers := map[string]common.ServiceInvocationHandler{
		"echo":    echo,
		"headers": headers,
		"fail":    fail,
		"missing": missing,
		"slow":    slow,
		"hang":    hang,
		"sicken":  sicken,
	}
	for method, handler := range handlers {
		if err := server.AddServiceInvocationHandler(method, handler); err != nil {
			log.Fatal(err)
		}
	}
	if err := server.AddHealthCheckHandler("", health); err != nil {
		log.Fatal(err)
	}
	log.Fatal(server.Start())
}

func answer(text string) (*common.Content, error) {
	return &common.Content{ContentType: "text/plain", Data: []byte(text)}, nil
}

func echo(_ context.Context, in *common.InvocationEvent) (*common.Content, error) {
	return &common.Content{ContentType: in.ContentType, Data: in.Data}, nil
}

func headers(ctx context.Context, in *common.InvocationEvent) (*common.Content, error) {
	text := in.Verb + " " + in.QueryString
	sent, _ := metadata.FromIncomingContext(ctx)
	for _, name := range []string{"x-trace", "dapr-accept", "traceparent"} {
		for _, value := range sent.Get(name) {
			text += " " + value
		}
	}
	return answer(text)
}

func fail(context.Context, *common.InvocationEvent) (*common.Content, error) {
	return nil, errors.New("no order 42")
}

func missing(context.Context, *common.InvocationEvent) (*common.Content, error) {
	return nil, status.Error(codes.NotFound, "no order 42")
}

func slow(context.Context, *common.InvocationEvent) (*common.Content, error) {
	time.Sleep(300 * time.Millisecond)
	return answer("slow")
}

func hang(context.Context, *common.InvocationEvent) (*common.Content, error) {
	select {}
}

func sicken(context.Context, *common.InvocationEvent) (*common.Content, error) {
	sick.Store(4)
	return answer("sick")
}

func health(context.Context) error {
	if sick.Add(-1) >= 0 {
		return errors.New("not well")
	}
	return nil
}
