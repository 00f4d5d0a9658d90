// SPDX-License-Identifier: Apache-2.0

package polyglot

import (
	"bytes"
	"testing"
	"time"

	dapr "github.com/dapr/go-sdk/client"
	"google.golang.org/grpc/codes"
)

func TestSaveAndGet(t *testing.T) {
	values := map[string][]byte{
		"text":        []byte("Grüße, 世界 🌍"),
		"json":        []byte(`{"b":"<x>", "a":1}`),
		"null":        []byte("null"),
		"bytes":       {0, 1, 2, 0x80, 0xff, 0xfe, 0, '|', '|', '"'},
		"megabytes":   bytes.Repeat([]byte("0123456789abcdef"), 3<<16),
		"white space": []byte(" \t\n"),
	}
	onEachStore(t, func(s *store) {
		for name, value := range values {
			s.ok(shared.SaveState(s.ctx, s.name, s.key(name), value, nil))
			if item := s.get(name); !bytes.Equal(item.Value, value) || item.Etag == "" || item.Key != s.key(name) {
				s.Errorf("%s came back as %d bytes, etag %q", name, len(item.Value), item.Etag)
			}
		}
	})
}

func TestEmptyValueIsAValue(t *testing.T) {
	onEachStore(t, func(s *store) {
		s.save("empty", "")
		s.has("empty", "")
	})
}

func TestMissingKey(t *testing.T) {
	onEachStore(t, func(s *store) { s.lacks("nothing") })
}

func TestSaveOptions(t *testing.T) {
	concurrencies := []dapr.StateConcurrency{
		dapr.StateConcurrencyUndefined, dapr.StateConcurrencyFirstWrite, dapr.StateConcurrencyLastWrite,
	}
	consistencies := []dapr.StateConsistency{
		dapr.StateConsistencyUndefined, dapr.StateConsistencyEventual, dapr.StateConsistencyStrong,
	}
	onEachStore(t, func(s *store) {
		for _, concurrency := range concurrencies {
			for _, consistency := range consistencies {
				name := concurrency.String() + "-" + consistency.String()
				s.ok(shared.SaveState(s.ctx, s.name, s.key(name), []byte("1"), nil,
					dapr.WithConcurrency(concurrency), dapr.WithConsistency(consistency)))
				s.has(name, "1")
				again := shared.SaveState(s.ctx, s.name, s.key(name), []byte("2"), nil,
					dapr.WithConcurrency(concurrency), dapr.WithConsistency(consistency))
				if concurrency == dapr.StateConcurrencyFirstWrite {
					fails(s, again, failure{code: codes.Aborted, reason: "ERR_STATE_SAVE"})
					s.has(name, "1")
				} else {
					s.ok(again)
					s.has(name, "2")
				}
			}
		}
	})
}

func TestGetWithConsistency(t *testing.T) {
	onEachStore(t, func(s *store) {
		s.save("k", "v")
		for _, consistency := range []dapr.StateConsistency{
			dapr.StateConsistencyUndefined, dapr.StateConsistencyEventual, dapr.StateConsistencyStrong,
		} {
			item, err := shared.GetStateWithConsistency(s.ctx, s.name, s.key("k"), nil, consistency)
			s.ok(err)
			if string(item.Value) != "v" {
				s.Errorf("%v: %q", consistency, item.Value)
			}
		}
	})
}

func TestSaveWithEtag(t *testing.T) {
	firstWrite := dapr.WithConcurrency(dapr.StateConcurrencyFirstWrite)
	lastWrite := dapr.WithConcurrency(dapr.StateConcurrencyLastWrite)
	onEachStore(t, func(s *store) {
		save := func(value, etag string, options ...dapr.StateOption) error {
			return shared.SaveStateWithETag(s.ctx, s.name, s.key("k"), []byte(value), etag, nil, options...)
		}
		s.save("k", "1")
		first := s.get("k").Etag
		s.ok(save("2", first, firstWrite))
		second := s.get("k").Etag
		if first == second {
			s.Fatalf("the etag stayed %q", first)
		}
		fails(s, save("3", first, firstWrite), failure{code: codes.Aborted, reason: "ERR_STATE_SAVE"})
		s.has("k", "2")
		// Without options the SDK asks for last-write, which always wins.
		s.ok(save("4", first))
		s.has("k", "4")
		s.ok(save("5", first, lastWrite))
		s.has("k", "5")
		s.ok(shared.DeleteState(s.ctx, s.name, s.key("k"), nil))
		fails(s, save("6", s.staleEtag(), firstWrite), failure{code: codes.Aborted, reason: "ERR_STATE_SAVE"})
		s.lacks("k")
	})
}

// staleEtag is one that the store has issued, for another value.
func (s *store) staleEtag() string {
	s.Helper()
	s.save("stale", "1")
	etag := s.get("stale").Etag
	s.save("stale", "2")
	return etag
}

func TestMalformedEtag(t *testing.T) {
	onEachStore(t, func(s *store) {
		code := codes.Aborted
		if s.numbersItsEtags() {
			code = codes.InvalidArgument
		}
		s.save("k", "v")
		err := shared.SaveStateWithETag(s.ctx, s.name, s.key("k"), []byte("w"), "no etag at all", nil,
			dapr.WithConcurrency(dapr.StateConcurrencyFirstWrite))
		fails(s, err, failure{code: code, reason: "ERR_STATE_SAVE"})
		s.has("k", "v")
	})
}

func TestTimeToLive(t *testing.T) {
	ttl := func(seconds string) map[string]string { return map[string]string{"ttlInSeconds": seconds} }
	onEachStore(t, func(s *store) {
		s.ok(shared.SaveState(s.ctx, s.name, s.key("long"), []byte("v"), ttl("3600")))
		item := s.get("long")
		if s.tellsExpiry() {
			at, err := time.Parse(time.RFC3339, item.Metadata["ttlExpireTime"])
			s.ok(err)
			if left := time.Until(at); left < 59*time.Minute || left > 61*time.Minute {
				s.Errorf("expires in %v", left)
			}
		}
		s.save("long", "w")
		if item := s.get("long"); item.Metadata["ttlExpireTime"] != "" {
			s.Errorf("a save without a time to live kept %v", item.Metadata)
		}
		fails(s, shared.SaveState(s.ctx, s.name, s.key("bad"), []byte("v"), ttl("soon")),
			failure{code: codes.InvalidArgument, reason: "ERR_STATE_SAVE"})
		s.lacks("bad")

		s.ok(shared.SaveState(s.ctx, s.name, s.key("short"), []byte("v"), ttl("1")))
		s.has("short", "v")
		for deadline := time.Now().Add(10 * time.Second); s.get("short").Etag != ""; {
			if time.Now().After(deadline) {
				s.Fatal("a value for one second is still there after ten")
			}
			time.Sleep(50 * time.Millisecond)
		}
	})
}

func TestContentType(t *testing.T) {
	asJSON := map[string]string{"contentType": "application/json"}
	onEachStore(t, func(s *store) {
		s.ok(shared.SaveState(s.ctx, s.name, s.key("json"), []byte(` {"b": [1, 2.5], "a": null} `), asJSON))
		sameJSON(s, s.get("json").Value, `{"a":null,"b":[1,2.5]}`)
		fails(s, shared.SaveState(s.ctx, s.name, s.key("bad"), []byte("{"), asJSON), failure{code: codes.Unknown})
		s.lacks("bad")
	})
}

func TestBulkSave(t *testing.T) {
	onEachStore(t, func(s *store) {
		s.save("b", "old")
		etag := s.get("b").Etag
		options := &dapr.StateOptions{
			Concurrency: dapr.StateConcurrencyFirstWrite,
			Consistency: dapr.StateConsistencyStrong,
		}
		s.ok(shared.SaveBulkState(s.ctx, s.name,
			&dapr.SetStateItem{Key: s.key("a"), Value: []byte("1")},
			&dapr.SetStateItem{Key: s.key("b"), Value: []byte("2"), Etag: &dapr.ETag{Value: etag}, Options: options},
			&dapr.SetStateItem{
				Key: s.key("c"), Value: []byte("3"), Metadata: map[string]string{"ttlInSeconds": "3600"},
			}))
		s.has("a", "1")
		s.has("b", "2")
		s.has("c", "3")
		if s.tellsExpiry() && s.get("c").Metadata["ttlExpireTime"] == "" {
			s.Error("c does not expire")
		}
		// Not atomic: what can be saved is.
		err := shared.SaveBulkState(s.ctx, s.name,
			&dapr.SetStateItem{Key: s.key("a"), Value: []byte("4")},
			&dapr.SetStateItem{Key: s.key("b"), Value: []byte("5"), Etag: &dapr.ETag{Value: etag}, Options: options})
		fails(s, err, failure{code: codes.Aborted, reason: "ERR_STATE_SAVE"})
		s.has("a", "4")
		s.has("b", "2")
		s.ok(shared.SaveBulkState(s.ctx, s.name, []*dapr.SetStateItem{}...))
	})
}

func TestBulkGet(t *testing.T) {
	onEachStore(t, func(s *store) {
		s.save("a", "1")
		s.save("b", "2")
		keys := []string{s.key("b"), s.key("missing"), s.key("a")}
		for _, parallelism := range []int32{0, 1, 100} {
			items, err := shared.GetBulkState(s.ctx, s.name, keys, nil, parallelism)
			s.ok(err)
			found := map[string]*dapr.BulkStateItem{}
			for _, item := range items {
				found[item.Key] = item
				if item.Error != "" {
					s.Errorf("%s: %s", item.Key, item.Error)
				}
			}
			if len(items) != 3 || len(found) != 3 {
				s.Fatalf("%d items for %d keys", len(items), len(found))
			}
			for _, name := range []string{"a", "b"} {
				one, item := s.get(name), found[s.key(name)]
				if !bytes.Equal(one.Value, item.Value) || one.Etag != item.Etag {
					s.Errorf("%s: %q with %q, but alone %q with %q", name, item.Value, item.Etag, one.Value, one.Etag)
				}
			}
			if item := found[s.key("missing")]; len(item.Value) != 0 || item.Etag != "" {
				s.Errorf("missing: %+v", item)
			}
		}
	})
}

func TestDelete(t *testing.T) {
	onEachStore(t, func(s *store) {
		s.save("k", "v")
		s.ok(shared.DeleteState(s.ctx, s.name, s.key("k"), nil))
		s.lacks("k")
		s.ok(shared.DeleteState(s.ctx, s.name, s.key("k"), nil))
	})
}

func TestDeleteWithEtag(t *testing.T) {
	firstWrite := &dapr.StateOptions{
		Concurrency: dapr.StateConcurrencyFirstWrite,
		Consistency: dapr.StateConsistencyStrong,
	}
	lastWrite := &dapr.StateOptions{Concurrency: dapr.StateConcurrencyLastWrite}
	mismatch := failure{code: codes.Aborted, reason: "ERR_STATE_DELETE"}
	onEachStore(t, func(s *store) {
		remove := func(etag string, options *dapr.StateOptions) error {
			return shared.DeleteStateWithETag(s.ctx, s.name, s.key("k"), &dapr.ETag{Value: etag}, nil, options)
		}
		s.save("k", "1")
		first := s.get("k").Etag
		s.save("k", "2")
		fails(s, remove(first, firstWrite), mismatch)
		s.has("k", "2")
		s.ok(remove(s.get("k").Etag, firstWrite))
		s.lacks("k")
		fails(s, remove(first, firstWrite), mismatch)
		s.save("k", "3")
		s.ok(remove(first, lastWrite))
		s.lacks("k")
	})
}

func TestBulkDelete(t *testing.T) {
	onEachStore(t, func(s *store) {
		for _, name := range []string{"a", "b", "c", "d"} {
			s.save(name, "1")
		}
		s.ok(shared.DeleteBulkState(s.ctx, s.name, []string{s.key("a"), s.key("b"), s.key("missing")}, nil))
		s.lacks("a")
		s.lacks("b")
		options := &dapr.StateOptions{Concurrency: dapr.StateConcurrencyFirstWrite}
		item := func(name, etag string) *dapr.DeleteStateItem {
			return &dapr.DeleteStateItem{Key: s.key(name), Etag: &dapr.ETag{Value: etag}, Options: options}
		}
		stale := s.get("c").Etag
		s.save("c", "2")
		// Not atomic: what can be deleted is.
		fails(s, shared.DeleteBulkStateItems(s.ctx, s.name,
			[]*dapr.DeleteStateItem{item("c", stale), item("d", s.get("d").Etag)}),
			failure{code: codes.Aborted, reason: "ERR_STATE_BULK_DELETE"})
		s.has("c", "2")
		s.lacks("d")
		s.ok(shared.DeleteBulkStateItems(s.ctx, s.name, []*dapr.DeleteStateItem{item("c", s.get("c").Etag)}))
		s.lacks("c")
	})
}

func TestTransaction(t *testing.T) {
	options := &dapr.StateOptions{Concurrency: dapr.StateConcurrencyFirstWrite}
	onEachStore(t, func(s *store) {
		upsert := func(name, value, etag string) *dapr.StateOperation {
			item := &dapr.SetStateItem{Key: s.key(name), Value: []byte(value)}
			if etag != "" {
				item.Etag, item.Options = &dapr.ETag{Value: etag}, options
			}
			return &dapr.StateOperation{Type: dapr.StateOperationTypeUpsert, Item: item}
		}
		remove := func(name string) *dapr.StateOperation {
			return &dapr.StateOperation{
				Type: dapr.StateOperationTypeDelete,
				Item: &dapr.SetStateItem{Key: s.key(name)},
			}
		}
		run := func(metadata map[string]string, operations ...*dapr.StateOperation) error {
			return shared.ExecuteStateTransaction(s.ctx, s.name, metadata, operations)
		}
		s.save("a", "1")
		s.save("b", "1")
		stale := s.get("a").Etag
		s.ok(run(nil, upsert("a", "2", stale), remove("b"), upsert("c", "2", "")))
		s.has("a", "2")
		s.lacks("b")
		s.has("c", "2")

		fails(s, run(nil, upsert("c", "3", ""), upsert("a", "3", stale), remove("c")),
			failure{code: codes.Internal, reason: "ERR_STATE_TRANSACTION"})
		s.has("a", "2")
		s.has("c", "2")

		expiring := upsert("e", "1", "")
		expiring.Item.Metadata = map[string]string{"ttlInSeconds": "3600"}
		s.ok(run(nil, expiring, upsert("f", "1", "")))
		if s.tellsExpiry() && (s.get("e").Metadata["ttlExpireTime"] == "" || s.get("f").Metadata["ttlExpireTime"] != "") {
			s.Errorf("e expires at %v, f at %v", s.get("e").Metadata, s.get("f").Metadata)
		}
		// Bytes stay as they are, whatever their content type.
		s.ok(run(map[string]string{"contentType": "application/json"}, upsert("j", `{"a": 1}`, "")))
		sameJSON(s, s.get("j").Value, `{"a":1}`)

		unknown := upsert("a", "4", "")
		unknown.Type = dapr.StateOperationTypeUndefined
		fails(s, run(nil, unknown), failure{
			code: codes.Unimplemented, reason: "ERR_NOT_SUPPORTED_STATE_OPERATION",
			message: "operation type undefined not supported",
		})
		s.ok(run(nil))
	})
}
