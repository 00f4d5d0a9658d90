// SPDX-License-Identifier: Apache-2.0

package polyglot

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"os"
	"strings"
	"testing"

	dapr "github.com/dapr/go-sdk/client"
	"google.golang.org/grpc/codes"
)

const me = "go"

// fixture is one value that every language saves and every other one reads; see fixtures.json.
type fixture struct {
	Name     string
	Text     string
	Times    int
	Base64   string
	JSON     *order
	Metadata map[string]string
}

type order struct {
	Customer string `json:"customer"`
	Lines    []line `json:"lines"`
	Paid     bool   `json:"paid"`
	Total    int64  `json:"total"`
}

type line struct {
	Count int    `json:"count"`
	Item  string `json:"item"`
}

func fixtures(t *testing.T) []fixture {
	t.Helper()
	text, err := os.ReadFile("../fixtures.json")
	if err != nil {
		t.Fatal(err)
	}
	var all []fixture
	if err := json.Unmarshal(text, &all); err != nil {
		t.Fatal(err)
	}
	return all
}

func (f fixture) bytes(t *testing.T) []byte {
	t.Helper()
	var found []byte
	var err error
	switch {
	case f.JSON != nil:
		found, err = json.Marshal(f.JSON)
	case f.Base64 != "":
		found, err = base64.StdEncoding.DecodeString(f.Base64)
	default:
		found = []byte(strings.Repeat(f.Text, max(f.Times, 1)))
	}
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func step(t *testing.T, name string) {
	t.Helper()
	if os.Getenv("POLYGLOT_STEP") != name {
		t.Skip("another step")
	}
}

func eachFixture(t *testing.T, test func(s *store, f fixture)) {
	for _, name := range host.Stores {
		for _, f := range fixtures(t) {
			t.Run(name+"/"+f.Name, func(t *testing.T) {
				test(&store{T: t, ctx: callContext(t), name: name}, f)
			})
		}
	}
}

func TestCrossLeave(t *testing.T) {
	step(t, "leave")
	eachFixture(t, func(s *store, f fixture) {
		s.ok(shared.SaveState(s.ctx, s.name, "cross-"+me+"-"+f.Name, f.bytes(s.T), f.Metadata))
	})
}

func TestCrossTake(t *testing.T) {
	step(t, "take")
	for _, peer := range strings.Split(os.Getenv("POLYGLOT_PEERS"), ",") {
		t.Run(peer, func(t *testing.T) {
			eachFixture(t, func(s *store, f fixture) {
				if f.Base64 != "" && peer == "js" {
					s.Skip("its SDK saves no bytes")
				}
				found, expected := s.get("cross-"+peer+"-"+f.Name).Value, f.bytes(s.T)
				// The runtime itself saves an order as JSON, as the content type lets the facade do.
				if f.JSON != nil && (len(f.Metadata) > 0 || peer == "host") {
					sameJSON(s, found, string(expected))
				} else if !bytes.Equal(found, expected) {
					s.Errorf("other bytes than were saved: %d, not %d: %.200q", len(found), len(expected), found)
				}
			})
		})
	}
}

func TestCrossRelay(t *testing.T) {
	step(t, "relay")
	previous := os.Getenv("POLYGLOT_PREVIOUS")
	onEachStore(t, func(s *store) {
		s.prefix = ""
		etag := ""
		if previous != "" {
			s.has("relay", "from "+previous)
			etag = string(s.get("relay-etag").Value)
			if found := s.get("relay").Etag; found != etag {
				s.Fatalf("etag %q, but %s has read %q", found, previous, etag)
			}
		}
		save := func(value string) error {
			return shared.SaveStateWithETag(s.ctx, s.name, "relay", []byte(value), etag, nil,
				dapr.WithConcurrency(dapr.StateConcurrencyFirstWrite))
		}
		s.ok(save("from " + me))
		fails(s, save("too late"), failure{code: codes.Aborted, reason: "ERR_STATE_SAVE"})
		s.has("relay", "from "+me)
		s.save("relay-etag", s.get("relay").Etag)
	})
}
