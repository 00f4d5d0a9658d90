// SPDX-License-Identifier: Apache-2.0
package dev.pillion.polyglot;

import dev.pillion.EtagMismatchException;
import dev.pillion.runtime.EmbeddedRuntime;
import dev.pillion.state.SaveOptions;
import java.util.Map;
import java.util.Optional;

/** The program that has the runtime in itself: the typed API, no wire. */
final class RuntimePeer implements Peer {
  static final String NAME = "host";

  private final EmbeddedRuntime runtime;

  RuntimePeer(EmbeddedRuntime runtime) {
    this.runtime = runtime;
  }

  @Override
  public String name() {
    return NAME;
  }

  @Override
  public void save(String store, String key, Object value, Map<String, String> metadata) {
    runtime.state(store).save(key, value, SaveOptions.defaults().metadata(metadata));
  }

  @Override
  public void saveIf(String store, String key, byte[] value, String etag) {
    var options = etag.isEmpty() ? SaveOptions.firstWrite() : SaveOptions.ifMatch(etag);
    runtime.state(store).save(key, value, options);
  }

  @Override
  public Optional<Seen> read(String store, String key) {
    return runtime
        .state(store)
        .entry(key, byte[].class)
        .map(entry -> new Seen(entry.value(), entry.etag()));
  }

  @Override
  public Order readOrder(String store, String key) {
    return runtime.state(store).get(key, Order.class).orElseThrow();
  }

  @Override
  public boolean isMismatch(RuntimeException failure) {
    return failure instanceof EtagMismatchException;
  }
}
