// SPDX-License-Identifier: Apache-2.0

// A program with the app server of Dapr's Go SDK over HTTP: what HttpApps calls.
package main

import (
	"context"
	"errors"
	"log"
	"os"
	"time"

	"github.com/dapr/go-sdk/service/common"
	daprd "github.com/dapr/go-sdk/service/http"
)

func main() {
	service := daprd.NewService("127.0.0.1:" + os.Getenv("APP_PORT"))
	handlers := map[string]common.ServiceInvocationHandler{
		"echo": func(_ context.Context, in *common.InvocationEvent) (*common.Content, error) {
			return &common.Content{Data: in.Data, ContentType: in.ContentType}, nil
		},
		"fail": func(context.Context, *common.InvocationEvent) (*common.Content, error) {
			return nil, errors.New("no order 42")
		},
		"hang": func(context.Context, *common.InvocationEvent) (*common.Content, error) {
			time.Sleep(time.Hour)
			return nil, nil
		},
	}
	for name, handler := range handlers {
		if err := service.AddServiceInvocationHandler(name, handler); err != nil {
			log.Fatal(err)
		}
	}
	if err := service.AddHealthCheckHandler("healthz", func(context.Context) error { return nil }); err != nil {
		log.Fatal(err)
	}
	log.Fatal(service.Start())
}
