// SPDX-License-Identifier: Apache-2.0

package polyglot

import (
	"slices"
	"testing"
	"time"

	dapr "github.com/dapr/go-sdk/client"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

func TestMetadata(t *testing.T) {
	ctx := callContext(t)
	metadata, err := shared.GetMetadata(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if metadata.ID != "polyglot" || metadata.ExtendedMetadata["daprRuntimeVersion"] == "" {
		t.Errorf("%+v", metadata)
	}
	components := map[string]*dapr.MetadataRegisteredComponents{}
	for _, component := range metadata.RegisteredComponents {
		components[component.Name] = component
	}
	for _, name := range host.Stores {
		component := components[name]
		if component == nil || component.Type == "" || component.Version == "" ||
			!slices.Contains(component.Capabilities, "ETAG") ||
			!slices.Contains(component.Capabilities, "TRANSACTIONAL") {
			t.Errorf("%s: %+v", name, component)
		}
	}
	if plain := components[plainStore]; slices.Contains(plain.Capabilities, "TRANSACTIONAL") {
		t.Errorf("plain: %+v", plain)
	}
	if pubsub := components["pubsub"]; pubsub == nil || pubsub.Type != "pubsub.sqlite" {
		t.Errorf("pubsub: %+v", pubsub)
	}
	if len(components) != len(host.Stores)+2 || len(metadata.Subscriptions) != 0 || len(metadata.HTTPEndpoints) != 0 {
		t.Errorf("more than there is: %+v", metadata)
	}
}

func TestSetMetadata(t *testing.T) {
	ctx := callContext(t)
	for _, value := range []string{"1", "2", ""} {
		if err := shared.SetMetadata(ctx, "go-noted", value); err != nil {
			t.Fatal(err)
		}
		metadata, err := shared.GetMetadata(ctx)
		if err != nil {
			t.Fatal(err)
		}
		if found, there := metadata.ExtendedMetadata["go-noted"]; !there || found != value {
			t.Errorf("%q, not %q", found, value)
		}
	}
}

func TestWait(t *testing.T) {
	if err := shared.Wait(callContext(t), 5*time.Second); err != nil {
		t.Fatal(err)
	}
}

func TestTraceID(t *testing.T) {
	ctx := shared.WithTraceID(callContext(t), "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")
	if _, err := shared.GetMetadata(ctx); err != nil {
		t.Fatal(err)
	}
}

func TestToken(t *testing.T) {
	refused := failure{code: codes.Unauthenticated, reason: "Unauthorized", message: "Unauthorized"}
	cases := []struct {
		name, token, detail string
	}{
		{"missing", "", "missing api token in request metadata"},
		{"wrong", "another", "authentication error: api token mismatch"},
		{"right", host.Token, ""},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			client := newClient(t, host.TokenPort)
			client.WithAuthToken(c.token)
			_, err := client.GetState(callContext(t), "memory", "k", nil)
			if c.detail == "" {
				if err != nil {
					t.Fatal(err)
				}
				return
			}
			want := refused
			want.metadata = map[string]string{"http.code": "401", "http.error_message": c.detail}
			fails(t, err, want)
		})
	}
}

func TestTokenIsIgnoredWhereNoneIsAskedFor(t *testing.T) {
	client := newClient(t, host.Port)
	client.WithAuthToken("whatever")
	if _, err := client.GetMetadata(callContext(t)); err != nil {
		t.Fatal(err)
	}
}

func TestShutdown(t *testing.T) {
	ctx := callContext(t)
	client := newClient(t, host.ShutdownPorts["go"])
	if err := client.SaveState(ctx, "memory", "k", []byte("v"), nil); err != nil {
		t.Fatal(err)
	}
	if err := client.Shutdown(ctx); err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(10 * time.Second); ; {
		_, err := client.GetState(ctx, "memory", "k", nil)
		if status.Code(err) == codes.Unavailable {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("still there after ten seconds: %v", err)
		}
		time.Sleep(20 * time.Millisecond)
	}
}
