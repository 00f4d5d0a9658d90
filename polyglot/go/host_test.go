// SPDX-License-Identifier: Apache-2.0

// Package polyglot runs the unmodified Dapr SDK for Go against a facade.
package polyglot

import (
	"context"
	"encoding/json"
	"fmt"
	"log"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"testing"
	"time"

	dapr "github.com/dapr/go-sdk/client"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// host is the line that the host prints; polyglot/run hands it on as POLYGLOT_HOST.
var host struct {
	Port          int
	Stores        []string
	TokenPort     int
	Token         string
	BarePort      int
	ShutdownPorts map[string]int
}

const plainStore = "plain"

var shared dapr.Client

func TestMain(m *testing.M) {
	if err := json.Unmarshal([]byte(os.Getenv("POLYGLOT_HOST")), &host); err != nil {
		log.Fatalf("POLYGLOT_HOST is not the host's line (%v): start these tests by polyglot/run", err)
	}
	dapr.SetLogger(nil)
	var err error
	if shared, err = clientOn(host.Port); err != nil {
		log.Fatal(err)
	}
	code := m.Run()
	shared.Close()
	os.Exit(code)
}

func clientOn(port int) (dapr.Client, error) {
	return dapr.NewClientWithPort(strconv.Itoa(port))
}

func newClient(t *testing.T, port int) dapr.Client {
	t.Helper()
	client, err := clientOn(port)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.Close)
	return client
}

func callContext(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	t.Cleanup(cancel)
	return ctx
}

// store is one store as one test sees it: its keys are nobody else's.
type store struct {
	*testing.T
	ctx    context.Context
	name   string
	prefix string
}

// onEachStore runs a test once for each store.
func onEachStore(t *testing.T, test func(s *store)) {
	for _, name := range host.Stores {
		t.Run(name, func(t *testing.T) {
			test(&store{t, callContext(t), name, fmt.Sprintf("go-%08x-", rand.Uint32())})
		})
	}
}

func (s *store) key(name string) string {
	return s.prefix + name
}

func (s *store) save(name, value string) {
	s.Helper()
	s.ok(shared.SaveState(s.ctx, s.name, s.key(name), []byte(value), nil))
}

func (s *store) get(name string) *dapr.StateItem {
	s.Helper()
	item, err := shared.GetState(s.ctx, s.name, s.key(name), nil)
	s.ok(err)
	return item
}

func (s *store) has(name, value string) {
	s.Helper()
	item := s.get(name)
	if string(item.Value) != value || item.Etag == "" {
		s.Fatalf("%s is %q with etag %q, not %q", name, item.Value, item.Etag, value)
	}
}

func (s *store) lacks(name string) {
	s.Helper()
	if item := s.get(name); len(item.Value) != 0 || item.Etag != "" || len(item.Metadata) != 0 {
		s.Fatalf("%s is not missing: %q, etag %q, %v", name, item.Value, item.Etag, item.Metadata)
	}
}

// numbersItsEtags says whether an etag of the store is a number, so that others are malformed.
func (s *store) numbersItsEtags() bool {
	return slices.Contains([]string{"redis", "postgres-v1"}, s.name)
}

// tellsExpiry says whether the store knows when a value goes.
func (s *store) tellsExpiry() bool {
	return s.name != "redis"
}

func (s *store) ok(err error) {
	s.Helper()
	if err != nil {
		s.Fatal(err)
	}
}

// failure is what a caller sees of a failed call.
type failure struct {
	code     codes.Code
	message  string
	reason   string
	resource string
	metadata map[string]string
	help     string
	field    string
}

// fails checks an error as far as want says something.
func fails(t testing.TB, err error, want failure) {
	t.Helper()
	if err == nil {
		t.Fatal("the call did not fail")
	}
	got, known := status.FromError(err)
	if !known {
		t.Fatalf("not a status: %v", err)
	}
	if got.Code() != want.code {
		t.Fatalf("code %v, not %v: %v", got.Code(), want.code, err)
	}
	// The SDK's own words stand before the message, which ends it.
	if want.message != "" && !endsWith(got.Message(), want.message) {
		t.Fatalf("message %q, not %q", got.Message(), want.message)
	}
	var found failure
	for _, detail := range got.Details() {
		switch detail := detail.(type) {
		case *errdetails.ErrorInfo:
			found.reason = detail.GetReason()
			found.metadata = detail.GetMetadata()
			if detail.GetDomain() != "dapr.io" {
				t.Fatalf("domain %q", detail.GetDomain())
			}
		case *errdetails.ResourceInfo:
			found.resource = detail.GetResourceType() + "/" + detail.GetResourceName()
		case *errdetails.Help:
			found.help = detail.GetLinks()[0].GetUrl()
		case *errdetails.BadRequest:
			found.field = detail.GetFieldViolations()[0].GetField()
		default:
			t.Fatalf("an unknown detail: %v", detail)
		}
	}
	if found.reason != want.reason || found.resource != want.resource ||
		found.help != want.help || found.field != want.field {
		t.Fatalf("details %+v, not %+v", found, want)
	}
	for key, value := range want.metadata {
		if found.metadata[key] != value {
			t.Fatalf("metadata %v, not %v", found.metadata, want.metadata)
		}
	}
}

func endsWith(text, end string) bool {
	return len(text) >= len(end) && text[len(text)-len(end):] == end
}
