// SPDX-License-Identifier: Apache-2.0

// Command invoke calls other apps through a facade by the unmodified client of the Dapr SDK for Go: those that INVOKE_TARGETS names, as InvocationPeers
// says. The last line is "N passed, N failed".
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"reflect"
	"strings"
	"time"

	"github.com/dapr/go-sdk/client"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/wrapperspb"
)

var passed, failed int

func check(name string, err error) {
	if err != nil {
		failed++
		fmt.Printf("failed: %s: %v\n", name, err)
		return
	}
	passed++
}

func main() {
	dapr, err := client.NewClient()
	if err != nil {
		panic(err)
	}
	defer dapr.Close()
	ctx, cancel := context.WithTimeout(context.Background(), 60*time.Second)
	defer cancel()
	for _, target := range strings.Split(os.Getenv("INVOKE_TARGETS"), ",") {
		id, kind, _ := strings.Cut(target, ":")
		check(id+" answers", echo(ctx, dapr, id))
		switch kind {
		case "http", "java":
			check(id+" has no such method", fails(ctx, dapr, id, "nowhere", codes.NotFound, "Not Found"))
			check(id+" fails", fails(ctx, dapr, id, "fail", codes.Unknown, "Internal Server Error"))
		case "absent":
			check(id+" has no such method", fails(ctx, dapr, id, "nowhere", codes.NotFound, "Not Found"))
		case "codes":
			check(id+" has no such order", fails(ctx, dapr, id, "missing", codes.NotFound, "no order 42"))
			check(id+" fails", fails(ctx, dapr, id, "fail", codes.Unknown, "no order 42"))
		case "texts":
			check(id+" fails", fails(ctx, dapr, id, "fail", codes.Unknown, "no order 42"))
		default:
			check(id+" fails", fails(ctx, dapr, id, "fail", codes.OK, ""))
		}
	}
	check("nobody answers", fails(ctx, dapr, "nobody", "echo", codes.Internal, "failed to invoke, id: nobody, err: no app"))
	if shop := os.Getenv("INVOKE_SHOP"); shop != "" {
		proxied(metadata.AppendToOutgoingContext(ctx, "dapr-app-id", shop, "k", "v"), dapr.GrpcClientConn())
	}
	fmt.Printf("%d passed, %d failed\n", passed, failed)
}

func echo(ctx context.Context, dapr client.Client, id string) error {
	sent := map[string]any{"n": 1.0, "text": "grüße"}
	body, err := json.Marshal(sent)
	if err != nil {
		return err
	}
	answer, err := dapr.InvokeMethodWithContent(ctx, id, "echo", "post", &client.DataContent{Data: body, ContentType: "application/json"})
	if err != nil {
		return err
	}
	var text string
	if json.Unmarshal(answer, &text) == nil {
		// One SDK's handlers answer with JSON alone: the body is text to it.
		answer = []byte(text)
	}
	got := map[string]any{}
	if err := json.Unmarshal(answer, &got); err != nil {
		return fmt.Errorf("%q: %w", answer, err)
	}
	if !reflect.DeepEqual(sent, got) {
		return fmt.Errorf("sent %v, got %v", sent, got)
	}
	return nil
}

func fails(ctx context.Context, dapr client.Client, id, method string, code codes.Code, text string) error {
	_, err := dapr.InvokeMethod(ctx, id, method, "post")
	return is(err, code, text)
}

// is says what is wrong with an error; with the code OK any error will do.
func is(err error, code codes.Code, text string) error {
	got, _ := status.FromError(err)
	if err == nil || (code != codes.OK && got.Code() != code) || !strings.Contains(got.Message(), text) {
		return fmt.Errorf("got %v %q", got.Code(), got.Message())
	}
	return nil
}

func proxied(ctx context.Context, connection grpc.ClientConnInterface) {
	const service = "/polyglot.v1.Shop/"
	var answer wrapperspb.StringValue
	var headers, trailers metadata.MD
	err := connection.Invoke(ctx, service+"Get", wrapperspb.String("7"), &answer, grpc.Header(&headers), grpc.Trailer(&trailers))
	if err == nil && (answer.GetValue() != "order 7 k=v" || headers.Get("shop-header")[0] != "h1" || trailers.Get("shop-trailer")[0] != "t1") {
		err = fmt.Errorf("got %q %v %v", answer.GetValue(), headers, trailers)
	}
	check("proxied unary", err)
	err = connection.Invoke(ctx, service+"Get", wrapperspb.String("42"), &answer)
	check("proxied error", is(err, codes.NotFound, "no order 42"))
	got, err := received(ctx, connection, service+"List", "7")
	if err == nil && !reflect.DeepEqual(got, []string{"7/0", "7/1", "7/2"}) {
		err = fmt.Errorf("got %v", got)
	}
	check("proxied server stream", err)
	got, err = received(ctx, connection, service+"List", "broken")
	if len(got) != 3 {
		check("proxied broken stream", fmt.Errorf("got %v", got))
	} else {
		check("proxied broken stream", is(err, codes.DataLoss, "the rest is lost"))
	}
	check("proxied conversation", talk(ctx, connection, service+"Talk"))
}

func received(ctx context.Context, connection grpc.ClientConnInterface, method, id string) ([]string, error) {
	stream, err := connection.NewStream(ctx, &grpc.StreamDesc{ServerStreams: true}, method)
	if err != nil {
		return nil, err
	}
	if err := stream.SendMsg(wrapperspb.String(id)); err != nil {
		return nil, err
	}
	if err := stream.CloseSend(); err != nil {
		return nil, err
	}
	var got []string
	for {
		var one wrapperspb.StringValue
		if err := stream.RecvMsg(&one); err != nil {
			if err.Error() == "EOF" {
				return got, nil
			}
			return got, err
		}
		got = append(got, one.GetValue())
	}
}

func talk(ctx context.Context, connection grpc.ClientConnInterface, method string) error {
	stream, err := connection.NewStream(ctx, &grpc.StreamDesc{ServerStreams: true, ClientStreams: true}, method)
	if err != nil {
		return err
	}
	for i := range 3 {
		word := fmt.Sprintf("word %d", i)
		if err := stream.SendMsg(wrapperspb.String(word)); err != nil {
			return err
		}
		var heard wrapperspb.StringValue
		if err := stream.RecvMsg(&heard); err != nil {
			return err
		}
		if heard.GetValue() != "heard "+word {
			return fmt.Errorf("said %q, got %q", word, heard.GetValue())
		}
	}
	return stream.CloseSend()
}
