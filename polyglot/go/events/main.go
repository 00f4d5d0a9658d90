// SPDX-License-Identifier: Apache-2.0

// Command events has events with a runtime through the unmodified Dapr SDK for Go: by the SDK's app server ("app") or by a stream ("stream").
package main

import (
	"context"
	"encoding/json"
	"errors"
	"log"
	"os"
	"sync"

	dapr "github.com/dapr/go-sdk/client"
	"github.com/dapr/go-sdk/service/common"
	daprd "github.com/dapr/go-sdk/service/grpc"
)

type order struct {
	N     int    `json:"n"`
	Large int64  `json:"large,omitempty"`
	Part  int    `json:"part,omitempty"`
	Do    string `json:"do,omitempty"`
}

var (
	client  dapr.Client
	retried sync.Map
)

func main() {
	var err error
	if client, err = dapr.NewClient(); err != nil {
		log.Fatal(err)
	}
	if os.Args[1] == "stream" {
		stream()
	} else {
		app()
	}
}

func app() {
	server, err := daprd.NewService("127.0.0.1:" + os.Getenv("APP_PORT"))
	if err != nil {
		log.Fatal(err)
	}
	subscription := &common.Subscription{PubsubName: "pubsub", Topic: "orders", Route: "/orders"}
	err = server.AddTopicEventHandler(subscription, func(_ context.Context, event *common.TopicEvent) (bool, error) {
		switch handle(event) {
		case common.SubscriptionResponseStatusRetry:
			return true, errors.New("once more")
		case common.SubscriptionResponseStatusDrop:
			return false, errors.New("not wanted")
		default:
			return false, nil
		}
	})
	if err != nil {
		log.Fatal(err)
	}
	log.Fatal(server.Start())
}

func stream() {
	_, err := client.SubscribeWithHandler(context.Background(), dapr.SubscriptionOptions{PubsubName: "pubsub", Topic: "orders"}, handle)
	if err != nil {
		log.Fatal(err)
	}
	select {}
}

func handle(event *common.TopicEvent) common.SubscriptionResponseStatus {
	var got order
	if err := json.Unmarshal(event.RawData, &got); err != nil {
		log.Fatalf("%s: %v", event.RawData, err)
	}
	seen := order{N: got.N, Large: got.Large}
	switch got.Do {
	case "text":
		must(client.PublishEvent(context.Background(), "pubsub", "texts", "grüße", dapr.PublishEventWithContentType("text/plain")))
	case "bulk":
		failed := client.PublishEvents(context.Background(), "pubsub", "seen", []interface{}{order{N: got.N, Part: 1}, order{N: got.N, Part: 2}})
		must(failed.Error)
	default:
		must(client.PublishEvent(context.Background(), "pubsub", "seen", seen))
	}
	if got.Do == "drop" {
		return common.SubscriptionResponseStatusDrop
	}
	if _, again := retried.LoadOrStore(got.N, true); got.Do == "retry" && !again {
		return common.SubscriptionResponseStatusRetry
	}
	return common.SubscriptionResponseStatusSuccess
}

func must(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
