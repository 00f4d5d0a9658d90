// SPDX-License-Identifier: Apache-2.0

package polyglot

import (
	"context"
	"encoding/json"
	"reflect"
	"testing"

	dapr "github.com/dapr/go-sdk/client"
	"google.golang.org/grpc/codes"
)

// everyCall is each state operation that the SDK has.
var everyCall = map[string]func(ctx context.Context, client dapr.Client, store, key string) error{
	"save": func(ctx context.Context, client dapr.Client, store, key string) error {
		return client.SaveState(ctx, store, key, []byte("v"), nil)
	},
	"bulk save": func(ctx context.Context, client dapr.Client, store, key string) error {
		return client.SaveBulkState(ctx, store,
			&dapr.SetStateItem{Key: "fine", Value: []byte("v")}, &dapr.SetStateItem{Key: key, Value: []byte("v")})
	},
	"get": func(ctx context.Context, client dapr.Client, store, key string) error {
		_, err := client.GetState(ctx, store, key, nil)
		return err
	},
	"bulk get": func(ctx context.Context, client dapr.Client, store, key string) error {
		_, err := client.GetBulkState(ctx, store, []string{"fine", key}, nil, 10)
		return err
	},
	"delete": func(ctx context.Context, client dapr.Client, store, key string) error {
		return client.DeleteState(ctx, store, key, nil)
	},
	"bulk delete": func(ctx context.Context, client dapr.Client, store, key string) error {
		return client.DeleteBulkState(ctx, store, []string{"fine", key}, nil)
	},
	"transaction": func(ctx context.Context, client dapr.Client, store, key string) error {
		return client.ExecuteStateTransaction(ctx, store, nil, []*dapr.StateOperation{
			{Type: dapr.StateOperationTypeUpsert, Item: &dapr.SetStateItem{Key: key, Value: []byte("v")}},
		})
	},
	"query": func(ctx context.Context, client dapr.Client, store, _ string) error {
		_, err := client.QueryStateAlpha1(ctx, store, `{"filter":{"EQ":{"a":"b"}}}`, nil)
		return err
	},
}

func TestUnknownStore(t *testing.T) {
	for name, call := range everyCall {
		t.Run(name, func(t *testing.T) {
			fails(t, call(callContext(t), shared, "nowhere", "k"), failure{
				code: codes.InvalidArgument, reason: "DAPR_STATE_NOT_FOUND",
				message: "state store nowhere is not found",
			})
		})
	}
}

func TestNoStoreAtAll(t *testing.T) {
	client := newClient(t, host.BarePort)
	for name, call := range everyCall {
		t.Run(name, func(t *testing.T) {
			fails(t, call(callContext(t), client, "memory", "k"), failure{
				code: codes.FailedPrecondition, reason: "DAPR_STATE_NOT_CONFIGURED",
				message: "state store memory is not configured",
			})
		})
	}
}

func TestIllegalKey(t *testing.T) {
	for name, call := range everyCall {
		if name == "query" {
			continue
		}
		t.Run(name, func(t *testing.T) {
			fails(t, call(callContext(t), shared, "memory", "a||b"), failure{
				code: codes.InvalidArgument, reason: "DAPR_STATE_ILLEGAL_KEY", resource: "state/memory",
				field: "a||b", message: "input key/keyPrefix 'a||b' can't contain '||'",
			})
		})
	}
}

func TestEmptyKey(t *testing.T) {
	ctx := callContext(t)
	fails(t, shared.SaveState(ctx, "memory", "", []byte("v"), nil), failure{
		code: codes.InvalidArgument, reason: "ERR_STATE_SAVE", message: "state key cannot be empty",
	})
}

func TestQueryIsNotSupported(t *testing.T) {
	onEachStore(t, func(s *store) {
		_, err := shared.QueryStateAlpha1(s.ctx, s.name, `{"filter":{}}`, nil)
		fails(s, err, failure{
			code: codes.Internal, reason: "DAPR_STATE_QUERYING_NOT_SUPPORTED", resource: "state/" + s.name,
			message: "state store does not support querying",
		})
	})
}

func TestStoreWithoutTransactions(t *testing.T) {
	fails(t, everyCall["transaction"](callContext(t), shared, plainStore, "k"), failure{
		code: codes.Unimplemented, reason: "DAPR_STATE_TRANSACTIONS_NOT_SUPPORTED",
		resource: "state/" + plainStore, message: "state store plain doesn't support transactions",
		help: "https://docs.dapr.io/reference/components-reference/supported-state-stores/",
	})
}

func TestTooLargeMessage(t *testing.T) {
	err := shared.SaveState(callContext(t), "memory", "large", make([]byte, 5<<20), nil)
	fails(t, err, failure{code: codes.ResourceExhausted})
}

func TestUnknownPubSub(t *testing.T) {
	err := shared.PublishEvent(callContext(t), "missing", "topic", "event")
	fails(t, err, failure{
		code: codes.InvalidArgument, reason: "DAPR_PUBSUB_NOT_FOUND",
		message: "pubsub missing is not found",
	})
}

func TestOtherBlocksAreUnimplemented(t *testing.T) {
	_, err := shared.GetSecret(callContext(t), "secrets", "key", nil)
	fails(t, err, failure{code: codes.Unimplemented})
}

func sameJSON(t testing.TB, found []byte, expected string) {
	t.Helper()
	var one, other any
	if err := json.Unmarshal(found, &one); err != nil {
		t.Fatalf("%q: %v", found, err)
	}
	if err := json.Unmarshal([]byte(expected), &other); err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(one, other) {
		t.Fatalf("%s, not %s", found, expected)
	}
}
