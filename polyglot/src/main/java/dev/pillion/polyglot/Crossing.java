// SPDX-License-Identifier: Apache-2.0
package dev.pillion.polyglot;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * The part of one {@link Peer} in what all languages do together over the same stores. The programs
 * in Go and JavaScript do the same, under the same keys.
 *
 * <p>Each leaves every fixture under {@code cross-PEER-FIXTURE}; later each takes what every other
 * has left. Between the two an etag goes round: each saves the key {@code relay} with the etag text
 * that the one before it has read and left under {@code relay-etag}, sees that the same text is
 * refused from then on, and leaves the new one.
 */
final class Crossing {
  private final Peer peer;
  private final List<String> stores;
  private final List<String> failures = new ArrayList<>();
  private int passed;

  Crossing(Peer peer, List<String> stores) {
    this.peer = peer;
    this.stores = stores;
  }

  Crossing leave(List<Fixture> fixtures) {
    for (String store : stores) {
      for (Fixture fixture : fixtures) {
        var key = key(peer.name(), fixture);
        step(
            "%s leaves %s in %s".formatted(peer.name(), fixture.name(), store),
            () -> peer.save(store, key, fixture.value(), fixture.metadata()));
      }
    }
    return this;
  }

  Crossing take(List<Fixture> fixtures, List<String> peers) {
    for (String store : stores) {
      for (String other : peers) {
        for (Fixture fixture : fixtures) {
          if (fixture.onlyBytes() && other.equals("js")) {
            continue;
          }
          step(
              "%s takes %s of %s from %s".formatted(peer.name(), fixture.name(), other, store),
              () -> take(store, other, fixture));
        }
      }
    }
    return this;
  }

  private void take(String store, String other, Fixture fixture) throws IOException {
    var key = key(other, fixture);
    fixture.check(other, seen(store, key).value());
    if (fixture.value() instanceof Order order) {
      expect(order, peer.readOrder(store, key));
    }
  }

  /** Takes over from {@code previous}; the first of the round has none. */
  Crossing relay(String previous) {
    for (String store : stores) {
      step("%s relays in %s".formatted(peer.name(), store), () -> relay(store, previous));
    }
    return this;
  }

  private void relay(String store, String previous) {
    var etag = "";
    if (!previous.isEmpty()) {
      var before = seen(store, "relay");
      expect("from " + previous, text(before.value()));
      etag = text(seen(store, "relay-etag").value());
      expect(etag, before.etag());
    }
    var mine = ("from " + peer.name()).getBytes(UTF_8);
    peer.saveIf(store, "relay", mine, etag);
    try {
      peer.saveIf(store, "relay", "too late".getBytes(UTF_8), etag);
      throw new AssertionError("the etag of before was taken again");
    } catch (RuntimeException e) {
      if (!peer.isMismatch(e)) {
        throw e;
      }
    }
    var after = seen(store, "relay");
    expect("from " + peer.name(), text(after.value()));
    peer.save(store, "relay-etag", after.etag().getBytes(UTF_8), Map.of());
  }

  private Peer.Seen seen(String store, String key) {
    return peer.read(store, key).orElseThrow(() -> new AssertionError(key + " is missing"));
  }

  private static String key(String peer, Fixture fixture) {
    return "cross-" + peer + "-" + fixture.name();
  }

  private static String text(byte[] bytes) {
    return new String(bytes, UTF_8);
  }

  private static void expect(Object expected, Object found) {
    if (!expected.equals(found)) {
      throw new AssertionError("expected " + expected + ", found " + found);
    }
  }

  private void step(String what, Step step) {
    try {
      step.run();
      passed++;
    } catch (IOException | RuntimeException | AssertionError e) {
      failures.add(what + ": " + e);
    }
  }

  private interface Step {
    void run() throws IOException;
  }

  /** One line. */
  @Override
  public String toString() {
    var why = failures.isEmpty() ? "" : ": " + String.join("; ", failures).replace('\n', ' ');
    return passed + " passed, " + failures.size() + " failed" + why;
  }
}
