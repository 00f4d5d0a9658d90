// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"io"
	"strings"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/wrapperspb"
)

// shop is a service of the program's own, which no runtime knows: polyglot/shop.proto says what it does.
type shop struct{}

func (shop) get(ctx context.Context, id string) (string, error) {
	if id == "42" {
		return "", status.Error(codes.NotFound, "no order 42")
	}
	headers, _ := metadata.FromIncomingContext(ctx)
	if err := grpc.SetHeader(ctx, metadata.Pairs("shop-header", "h1")); err != nil {
		return "", err
	}
	if err := grpc.SetTrailer(ctx, metadata.Pairs("shop-trailer", "t1")); err != nil {
		return "", err
	}
	return fmt.Sprintf("order %s k=%s", id, strings.Join(headers.Get("k"), ",")), nil
}

func get(_ any, ctx context.Context, decode func(any) error, _ grpc.UnaryServerInterceptor) (any, error) {
	var id wrapperspb.StringValue
	if err := decode(&id); err != nil {
		return nil, err
	}
	answer, err := shop{}.get(ctx, id.GetValue())
	if err != nil {
		return nil, err
	}
	return wrapperspb.String(answer), nil
}

func list(_ any, stream grpc.ServerStream) error {
	var id wrapperspb.StringValue
	if err := stream.RecvMsg(&id); err != nil {
		return err
	}
	for i := range 3 {
		if err := stream.SendMsg(wrapperspb.String(fmt.Sprintf("%s/%d", id.GetValue(), i))); err != nil {
			return err
		}
	}
	if id.GetValue() == "broken" {
		return status.Error(codes.DataLoss, "the rest is lost")
	}
	return nil
}

func talk(_ any, stream grpc.ServerStream) error {
	for {
		var said wrapperspb.StringValue
		if err := stream.RecvMsg(&said); err == io.EOF {
			return nil
		} else if err != nil {
			return err
		}
		if err := stream.SendMsg(wrapperspb.String("heard " + said.GetValue())); err != nil {
			return err
		}
	}
}

var shopService = grpc.ServiceDesc{
	ServiceName: "polyglot.v1.Shop",
	HandlerType: (*any)(nil),
	Methods:     []grpc.MethodDesc{{MethodName: "Get", Handler: get}},
	Streams: []grpc.StreamDesc{
		{StreamName: "List", Handler: list, ServerStreams: true},
		{StreamName: "Talk", Handler: talk, ServerStreams: true, ClientStreams: true},
	},
	Metadata: "shop.proto",
}
